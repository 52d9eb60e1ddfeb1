"""Blocks, tasks, workflows and triggers as Python programs write them."""
