/** The stub as worker. */
import "./stub-role.ts";
