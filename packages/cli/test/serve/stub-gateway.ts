/** The stub as gateway. */
import "./stub-role.ts";
