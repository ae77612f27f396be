/** The stub as pusher. */
import "./stub-role.ts";
