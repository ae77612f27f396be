/** The stub as speech. */
import "./stub-role.ts";
