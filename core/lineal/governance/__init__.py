"""Who may do what: roles, gates that a promotion must pass, approvals, and the policy file."""
