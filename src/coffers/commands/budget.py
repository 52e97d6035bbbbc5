"""`coffers budget`: what is left of each budget."""

from coffers.application.spending.budget_progress import BudgetProgress, get_progress
from coffers.commands.persons import UserOption, owner
from coffers.commands.spending_tables import budget_table, print_table
from coffers.commands.terminal import out, with_services
from coffers.domain.spending.budgets import BudgetNotBegun
from coffers.services import Services
from coffers.settings import Settings


def budget(user: UserOption) -> None:
    """How each budget stands today: spent, left, and whether it lasts."""

    async def run(services: Services, _settings: Settings) -> None:
        person = await owner(services, user)
        desk, lookups = services.report_desk, services.budget_lookups
        known = await lookups.all_of(person.principal.user_id)
        begun: list[BudgetProgress] = []
        for each in known:
            try:
                begun.append(await get_progress(desk, lookups, person.principal, each.id, None))
            except BudgetNotBegun:
                out.print(f"{each.name} begins on {each.starts_on}.", markup=False, highlight=False)
        if begun:
            print_table(budget_table(begun))
        if not known:
            out.print("There is no budget yet: make one first (POST /budgets).", highlight=False)

    with_services(run)
