output "bucket" {
  description = "BACKUP_S3_BUCKET"
  value       = aws_s3_bucket.backups.id
}

output "key_arn" {
  description = "BACKUP_KMS_KEY_ARN"
  value       = aws_kms_key.backups.arn
}

output "upload_role_arn" {
  description = "The repository variable BACKUP_ROLE_ARN of the workflow."
  value       = aws_iam_role.upload.arn
}
