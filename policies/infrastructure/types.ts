/** Type tokens of the resources that rules look at. */
export const SQL_INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance";
export const REDIS_INSTANCE = "gcp:redis/instance:Instance";
export const VM = "gcp:compute/instance:Instance";
export const DISK = "gcp:compute/disk:Disk";
export const RUN_SERVICE = "gcp:cloudrunv2/service:Service";
export const RUN_JOB = "gcp:cloudrunv2/job:Job";
export const RUN_SERVICE_MEMBER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember";
export const SECRET_MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember";
export const BUCKET = "gcp:storage/bucket:Bucket";
export const BUCKET_OBJECT = "gcp:storage/bucketObject:BucketObject";
