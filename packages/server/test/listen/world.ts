/** The world of live tests is part of the testkit, because the tests of other packages use it too. */
export { startWorld, type World } from "@holdfast/testkit";
