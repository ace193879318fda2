# There is one identity provider of this address in an account: import it where it is there already.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

# The workflow: uploads exported backups and reads them back.
resource "aws_iam_role" "upload" {
  name                 = "neo4j-backup-upload"
  assume_role_policy   = templatefile("${local.policies}/trust-github.json", local.exports)
  max_session_duration = 10800

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy" "upload" {
  name   = "upload"
  role   = aws_iam_role.upload.id
  policy = templatefile("${local.policies}/upload.json", local.exports)
}

resource "aws_iam_role_policy" "upload_key" {
  name   = "key"
  role   = aws_iam_role.upload.id
  policy = templatefile("${local.policies}/kms-write.json", local.exports)
}

# Policies to attach to the roles of the machines that restore, and of the one that keeps the repository.
resource "aws_iam_policy" "restore" {
  name   = "neo4j-backup-restore"
  policy = templatefile("${local.policies}/restore.json", local.exports)
}

resource "aws_iam_policy" "repository" {
  name   = "neo4j-backup-repository"
  policy = templatefile("${local.policies}/repository.json", local.repository)
}

resource "aws_iam_policy" "key_read" {
  name   = "neo4j-backup-key-read"
  policy = templatefile("${local.policies}/kms-read.json", local.exports)
}

resource "aws_iam_policy" "key_write" {
  name   = "neo4j-backup-key-write"
  policy = templatefile("${local.policies}/kms-write.json", local.exports)
}
