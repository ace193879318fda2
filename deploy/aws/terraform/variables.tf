variable "bucket" {
  description = "Name of the bucket, such as example-prod-neo4j-backups-eu-central-1."
  type        = string
}

variable "prefix" {
  description = "What the keys of exported backups begin with, without a slash at either end."
  type        = string
  default     = "exports"
}

variable "repository_prefix" {
  description = "What the keys of the Holdfast repository begin with; beside the other prefix, never below it."
  type        = string
  default     = "repository"
}

variable "github_repository" {
  description = "OWNER/NAME of the GitHub repository whose workflow uploads."
  type        = string
}

variable "github_branch" {
  description = "The branch whose workflow runs may upload."
  type        = string
  default     = "main"
}

variable "retention_days" {
  description = "How long exported backups stay: dev 7, staging 30, prod 90."
  type        = number
  default     = 90
}

variable "lock_mode" {
  description = "GOVERNANCE or COMPLIANCE locks every object by default; null locks only what is stored with --object-lock."
  type        = string
  default     = null
}

variable "lock_days" {
  description = "How long objects are locked by default, where lock_mode is given."
  type        = number
  default     = 30
}
