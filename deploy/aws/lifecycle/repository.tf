# Nothing that is current expires: it holds a repository: blocks that old backups stored are used by
# new ones, so an object’s age says nothing about whether it is needed. Holdfast itself removes what
# no kept backup needs (`holdfast backup delete`).
# Terraform sets all rules of a bucket at once: what other rules it has belong here too.
resource "aws_s3_bucket_lifecycle_configuration" "holdfast" {
  bucket = var.bucket

  rule {
    id     = "holdfast-repository:repository"
    status = "Enabled"

    filter {
      prefix = "repository/"
    }

    expiration {
      expired_object_delete_marker = true
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}
