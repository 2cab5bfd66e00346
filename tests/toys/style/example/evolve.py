from pbt_tui import Experiment, RunDescription, population

RUN_DESCRIPTION = RunDescription(
    "evolve",
    experiments=[Experiment("evo", "python evo.py", population(3, style="toystyle"))],
    experiment_arg_name="name",
    experiment_dir_arg_name="dir",
    param_prefix="",
    customize_experiment_name=False,
)
