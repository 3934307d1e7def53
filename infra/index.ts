import { readConfig } from "./config";
import { program } from "./program";

/** What `pulumi up` runs. The configuration is checked whole before the first resource is registered. */
export = program(readConfig());
