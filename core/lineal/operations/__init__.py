"""What happens to live versions and by itself: observations, alerts, automations."""
