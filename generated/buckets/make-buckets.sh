# Makes the blob store's buckets, and says how long their objects live.
export MC_HOST_store="http://$MINIO_ROOT_USER:$MINIO_ROOT_PASSWORD@$BLOB_STORE"
mc mb --ignore-existing store/langfuse-events
echo '{"Rules":[{"ID":"traces","Status":"Enabled","Expiration":{"Days":90}}]}' | mc ilm rule import store/langfuse-events
mc mb --ignore-existing store/langfuse-media
echo '{"Rules":[{"ID":"traces","Status":"Enabled","Expiration":{"Days":90}}]}' | mc ilm rule import store/langfuse-media
mc mb --ignore-existing store/trace-archive
mc mb --ignore-existing store/ledger-archive
