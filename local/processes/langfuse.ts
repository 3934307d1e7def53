/** Where the gateway and the agent send traces, and the project's key pair. */
export interface LangfuseAccess {
  url: string;
  publicKey: string;
  secretKey: string;
}

/** The variables that Langfuse's SDK and LiteLLM's callback read. */
export function langfuseEnvironment(access: LangfuseAccess | undefined): Record<string, string> {
  if (!access) return {};
  return {
    LANGFUSE_HOST: access.url,
    LANGFUSE_BASE_URL: access.url,
    LANGFUSE_PUBLIC_KEY: access.publicKey,
    LANGFUSE_SECRET_KEY: access.secretKey,
  };
}
