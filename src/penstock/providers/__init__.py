"""Config providers that ask a server for secrets: Vault, AWS Secrets Manager, Kubernetes.

They import `sdk` and their own client library, nothing else of Penstock.
"""
