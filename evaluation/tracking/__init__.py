"""What an evaluation leaves in MLflow, through ``kefu.registry``."""
