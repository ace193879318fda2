# Terraform sets all rules of a bucket at once: what other rules it has belong here too.
resource "aws_s3_bucket_lifecycle_configuration" "holdfast" {
  bucket = var.bucket

  rule {
    id     = "holdfast-expire:exports"
    status = "Enabled"

    filter {
      prefix = "exports/"
    }

    expiration {
      days = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  rule {
    id     = "holdfast-markers:exports"
    status = "Enabled"

    filter {
      prefix = "exports/"
    }

    expiration {
      expired_object_delete_marker = true
    }
  }
}
