"""The command line: `kefu --help`.

Commands import what they need when they run: MLflow or Ray take seconds to import, help must not.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipelines.commands.errors import explain_errors

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Kefu 客服: customer service that improves itself. `make demo` runs all of it once; then `kefu status`.",
)
review = typer.Typer(
    no_args_is_help=True, help="Exchange questions and answers with Label Studio, where people review."
)
app.add_typer(review, name="review")


@app.command()
def status() -> None:
    """Show the champion, the release before it, the days of data, and how many turns wait for a reviewer."""
    from kefu.paths import DIALOGUES
    from kefu.registry import releases
    from pipelines.commands.review import waiting

    with explain_errors():
        aliases = (("champion", releases.champion()), ("previous", releases.previous()))
        turns = waiting()
    for name, info in aliases:
        shown = f"version {info.version}  {info.content_hash[:12]}" if info else "none"
        typer.echo(f"{name:<10}{shown}")
    days = sorted(path.name.removeprefix("dt=") for path in DIALOGUES.glob("dt=*"))
    typer.echo(f"{'days':<10}{f'{len(days)} ({days[0]} … {days[-1]})' if days else 'none'}")
    typer.echo(f"{'waiting':<10}{turns} turns for a reviewer")
    if aliases[0][1] is None:
        typer.echo("no champion yet: `kefu day` (or `make demo`, on SAMPLE data) trains and promotes one")


@app.command("params")
def show_params(
    profile: Annotated[str | None, typer.Option(help="profile of params.yaml; default: the one it chooses")] = None,
) -> None:
    """List every parameter of params.yaml with its value, type and meaning."""
    from kefu.params import set_by_profile
    from pipelines.commands.reports import parameter_lines
    from pipelines.params import load_params

    with explain_errors():
        loaded = load_params(profile=profile)
        for line in parameter_lines(loaded, set_by_profile(loaded.profile)):
            typer.echo(line)


@app.command()
def plan(
    profile: Annotated[str | None, typer.Option(help="profile of params.yaml; default: the one it chooses")] = None,
    chat_tokens: Annotated[int, typer.Option(min=1, help="of a mean chat; the SAMPLE's have 250 of Qwen's")] = 250,
    answer_tokens: Annotated[int, typer.Option(min=1, help="of a mean answer; the SAMPLE's have 20 of Qwen's")] = 30,
) -> None:
    """Show how much memory and how many hours each stage needs that loads a language model."""
    from rich.console import Console

    from pipelines.commands.plan import ASSUMED, Lengths, model_server, tables
    from pipelines.params import load_params

    console = Console(width=140)
    with explain_errors():
        params = load_params(profile=profile)
        for table in tables(params, Lengths(chat_tokens, answer_tokens)):
            console.print(table)
    console.print(ASSUMED)
    if command := model_server(params):
        typer.echo(f"The centre model is served by: {command}")


@app.command()
def promote(
    version: Annotated[int, typer.Argument(help="number in MLflow's registry; `kefu status` and `make ui` show them")],
) -> None:
    """Promote a registered release without running the gate; the current champion becomes `previous`."""
    from kefu.registry import releases

    with explain_errors():
        releases.promote(version)
        typer.echo(f"version {version} is the champion; `kefu serve` serves it from its next start")


@app.command()
def rollback() -> None:
    """Make the release before the champion the champion again."""
    from kefu.registry import releases

    with explain_errors():
        info = releases.rollback()
        typer.echo(f"version {info.version} is the champion again; `kefu serve` serves it from its next start")


@app.command()
def lint() -> None:
    """Check the shop pack: steps that nothing reaches, slots that nothing fills, contradicting offers.

    Errors end with code 1; warnings, such as an entry that no golden conversation asks for, do not.
    """
    from datetime import date

    from evaluation.lint import lint as faults_of
    from kefu.paths import ROOT
    from kefu.shop.pack import load_pack
    from pipelines.params import load_params

    with explain_errors():
        pack = load_pack(ROOT / load_params().pack)
        today = date.fromisoformat(pack.shop.demo_now[:10]) if pack.shop.demo_now else date.today()
        faults = faults_of(pack, today)
    for fault in faults:
        typer.echo(str(fault))
    errors = sum(fault.level == "error" for fault in faults)
    typer.echo(f"{errors} errors, {len(faults) - errors} warnings in {pack.folder}")
    if errors:
        raise typer.Exit(1)


@app.command()
def flows() -> None:
    """Draw the shop pack's flows as Mermaid diagrams into docs/reference/flows.md."""
    from evaluation.flow_charts import PAGE, page
    from kefu.paths import ROOT
    from kefu.shop.pack import load_pack
    from pipelines.params import load_params

    with explain_errors():
        (ROOT / PAGE).write_text(page(load_pack(ROOT / load_params().pack)), encoding="utf8")
    typer.echo(f"{PAGE} is written")


@app.command()
def serve() -> None:
    """Serve the champion on serving.host and serving.port of params.yaml until Ctrl-C."""
    from pipelines.commands.serve import main

    main()


@app.command()
def chat(
    url: Annotated[str, typer.Option(help="address of a running server")] = "http://127.0.0.1:8000",
    customer: Annotated[
        str | None, typer.Option(help="sample customer to sign in as, such as C1001 (demo servers only)")
    ] = None,
) -> None:
    """Chat in this terminal with the server that `kefu serve` runs."""
    from pipelines.commands.chat import talk

    with explain_errors():
        talk(url, customer)


@app.command()
def monitor() -> None:
    """Show the newest day's figures, what drifted, and where its page is."""
    from pipelines.commands.reports import monitor_lines

    with explain_errors():
        for line in monitor_lines():
            typer.echo(line)


@app.command()
def forget(
    customer: Annotated[str | None, typer.Option(help="the shop's id of the person, or a pseudonym c_…")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would be removed, and change nothing")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="check the signatures of store/forgotten.jsonl, and remove nothing")
    ] = False,
) -> None:
    """Remove a person from every artefact, name the models that saw them, and sign a record of it."""
    from pipelines.commands.forget_report import check, run

    if verify == (customer is not None):
        raise typer.BadParameter("give one of the two", param_hint="--customer ID or --verify")
    with explain_errors():
        lines, whole = check() if customer is None else run(customer, write=not dry_run)
    for line in lines:
        typer.echo(line)
    if not whole:
        raise typer.Exit(1)


@app.command()
def day() -> None:
    """Run one day of the loop: pin the champion, pull the reviews, run the stages whose inputs changed."""
    from pipelines.commands.day import main

    sys.exit(main())


@review.command()
def push() -> None:
    """Push the turns that wait for a reviewer to Label Studio."""
    from pipelines.commands.review import push_queue

    with explain_errors():
        done, page = push_queue()
        typer.echo(f"{done.new} new tasks pushed, {done.refreshed} open ones refreshed: {page}")


@review.command()
def pull() -> None:
    """Pull what reviewers finished into store/reviewed."""
    from pipelines.commands.review import pull_reviews

    with explain_errors():
        new, refused = pull_reviews()
        why = f", {refused} annotations refused: of another taxonomy version, or another Kefu" if refused else ""
        typer.echo(f"{new} labels pulled{why}")


@review.command()
def password(
    token: Annotated[
        bool, typer.Option("--token", help="show the API token instead, for LABEL_STUDIO_API_KEY")
    ] = False,
) -> None:
    """Show the password of the Label Studio that `make review` starts."""
    from pipelines.commands.review_server import sign_in

    with explain_errors():
        server = sign_in()
    typer.echo(server.token if token else server.password)


@review.command()
def report() -> None:
    """Show how far reviewers agree, and how well each does on tasks with a known answer."""
    from pipelines.commands.review import report as lines

    with explain_errors():
        for line in lines():
            typer.echo(line)


if __name__ == "__main__":
    app()
