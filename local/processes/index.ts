/** How processes of this machine are started, by kind. */
export { findTool, requireTool } from "./debian-tool";
export { serviceEnvironment } from "./environment";
export { makeDatabaseRoles, startPostgres, startPostgresServer, type RunningPostgres } from "./postgres";
export { processes, startProcess, type Exit, type Running, type Started } from "./process";
export { startRedis, type RedisOptions } from "./redis";
export { httpReady, isListening, poll, type ReadyCheck } from "./ready";
