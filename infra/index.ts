import { RunError } from "@pulumi/pulumi";

/** Errors whose message says what to correct: the engine shows them without a stack trace. */
const READABLE = ["ConfigError", "DefinitionError"];

/**
 * What `pulumi up` runs. The definitions and the configuration are checked whole before the first resource is registered.
 */
export = async () => {
  try {
    // Only now: loading the definitions checks them.
    const { readConfig } = await import("./config");
    const { program } = await import("./program");
    return program(readConfig());
  } catch (error) {
    throw error instanceof Error && READABLE.includes(error.name) ? new RunError(error.message) : error;
  }
};
