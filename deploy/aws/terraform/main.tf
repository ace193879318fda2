# A bucket for backups of Neo4j, its key, and a role for each of the three that use it.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  policies = "${path.module}/../policies"
  account  = data.aws_caller_identity.current.account_id

  # What stands in the files of ../policies as a placeholder.
  exports = {
    bucket     = var.bucket
    prefix     = var.prefix
    account    = local.account
    region     = data.aws_region.current.name
    key_arn    = aws_kms_key.backups.arn
    repository = var.github_repository
    branch     = var.github_branch
  }
  repository = merge(local.exports, { prefix = var.repository_prefix })
}

resource "aws_kms_key" "backups" {
  description             = "Backups of Neo4j in ${var.bucket}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_s3_bucket" "backups" {
  bucket              = var.bucket
  object_lock_enabled = true

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "backups" {
  bucket = aws_s3_bucket.backups.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "backups" {
  count  = var.lock_mode == null ? 0 : 1
  bucket = aws_s3_bucket.backups.id

  rule {
    default_retention {
      mode = var.lock_mode
      days = var.lock_days
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.backups.arn
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "backups" {
  bucket                  = aws_s3_bucket.backups.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "backups" {
  bucket = aws_s3_bucket.backups.id
  policy = templatefile("${local.policies}/bucket.json", local.exports)

  depends_on = [aws_s3_bucket_public_access_block.backups]
}

# The same as `holdfast s3 lifecycle` makes for each of the two prefixes. For the repository nothing that is current expires:
# blocks that old backups stored are used by new ones.
resource "aws_s3_bucket_lifecycle_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id

  depends_on = [aws_s3_bucket_versioning.backups]

  rule {
    id     = "holdfast-expire:${var.prefix}"
    status = "Enabled"

    filter {
      prefix = "${var.prefix}/"
    }

    expiration {
      days = var.retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  rule {
    id     = "holdfast-markers:${var.prefix}"
    status = "Enabled"

    filter {
      prefix = "${var.prefix}/"
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "holdfast-repository:${var.repository_prefix}"
    status = "Enabled"

    filter {
      prefix = "${var.repository_prefix}/"
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
