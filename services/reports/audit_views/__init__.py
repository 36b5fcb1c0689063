"""The audit log as an inspector reads it: who saw, changed, approved and sent what; its checks, its exports."""
