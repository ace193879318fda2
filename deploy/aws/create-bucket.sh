#!/usr/bin/env bash
# Makes a bucket for backups with the AWS command line: versioned, with object lock, encrypted, closed to the public, over TLS only.
# Run it again at any time: what is there already is left or set anew; where the bucket has no object lock that is said, with exit status 1. It needs the rights of an administrator of the bucket.
#
#   BUCKET=example-prod-neo4j-backups-eu-central-1 REGION=eu-central-1 KEY_ARN=arn:aws:kms:… ./create-bucket.sh
#
# LOCK_MODE=GOVERNANCE or COMPLIANCE with LOCK_DAYS=30 locks every object by default; without them only what is stored with --object-lock is locked.
# LIFECYCLE=lifecycle/prod.json sets a lifecycle; `holdfast s3 lifecycle` does it better, for it keeps rules that are there.
set -euo pipefail
: "${BUCKET:?the name of the bucket}" "${REGION:?such as eu-central-1}" "${KEY_ARN:?the ARN of the KMS key}"
here=$(cd "$(dirname "$0")" && pwd)
s3api() { aws --region "$REGION" s3api "$@"; }

if ! s3api head-bucket --bucket "$BUCKET" >/dev/null 2>&1; then
  place=()
  # This one region is named by leaving it out.
  [[ $REGION == us-east-1 ]] || place=(--create-bucket-configuration "LocationConstraint=$REGION")
  s3api create-bucket --bucket "$BUCKET" --object-lock-enabled-for-bucket "${place[@]}" >/dev/null
fi
# Amazon does so by itself since 2023, unless an account says otherwise; other servers know neither.
if [[ -z ${AWS_ENDPOINT_URL:-}${AWS_ENDPOINT_URL_S3:-} ]]; then
  s3api put-public-access-block --bucket "$BUCKET" --public-access-block-configuration \
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
  s3api put-bucket-ownership-controls --bucket "$BUCKET" --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
fi
s3api put-bucket-versioning --bucket "$BUCKET" --versioning-configuration Status=Enabled
if [[ -n ${LOCK_MODE:-} ]]; then
  s3api put-object-lock-configuration --bucket "$BUCKET" --object-lock-configuration \
    "{\"ObjectLockEnabled\":\"Enabled\",\"Rule\":{\"DefaultRetention\":{\"Mode\":\"$LOCK_MODE\",\"Days\":${LOCK_DAYS:?how many days}}}}"
fi
s3api put-bucket-encryption --bucket "$BUCKET" --server-side-encryption-configuration \
  "{\"Rules\":[{\"ApplyServerSideEncryptionByDefault\":{\"SSEAlgorithm\":\"aws:kms\",\"KMSMasterKeyID\":\"$KEY_ARN\"},\"BucketKeyEnabled\":true}]}"
s3api put-bucket-policy --bucket "$BUCKET" --policy \
  "$(sed -e "s|\${bucket}|$BUCKET|g" -e "s|\${key_arn}|$KEY_ARN|g" "$here/policies/bucket.json")"
[[ -z ${LIFECYCLE:-} ]] || s3api put-bucket-lifecycle-configuration --bucket "$BUCKET" --lifecycle-configuration "file://$LIFECYCLE"
# One that was there before may have none, and what cannot be taken back is left to whoever owns it.
if ! s3api get-object-lock-configuration --bucket "$BUCKET" >/dev/null; then
  echo "bucket $BUCKET has no object lock, or it could not be asked (see above); the rest is set. Where it has none, this enables it, for good:" >&2
  echo "  aws --region $REGION s3api put-object-lock-configuration --bucket $BUCKET --object-lock-configuration ObjectLockEnabled=Enabled" >&2
  exit 1
fi
echo "bucket $BUCKET is ready"
