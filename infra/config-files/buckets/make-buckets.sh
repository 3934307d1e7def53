# Makes the blob store's buckets, and sets how long their objects live. BUCKETS: names, with `=` and days where objects expire.
# Through the environment: an alias on the command line would show the password.
export MC_HOST_store="http://$MINIO_ROOT_USER:$MINIO_ROOT_PASSWORD@$BLOB_STORE"
for bucket in $BUCKETS; do
  name=${bucket%%=*}
  mc mb --ignore-existing "store/$name"
  [ "$name" = "$bucket" ] ||
    echo '{"Rules":[{"ID":"traces","Status":"Enabled","Expiration":{"Days":'"${bucket#*=}"'}}]}' |
    mc ilm rule import "store/$name"
done
