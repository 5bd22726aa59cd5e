"""What the billing room tells the others; receivers live with those who care."""

from django.dispatch import Signal

money_arrived = Signal()
"""Sent after the commit that put money into a workspace's purses (a top-up, a grant, unspent money of a job).
Argument: `workspace_id`."""

model_released = Signal()
"""Sent after the commit that lets a model be called again. Argument: `model`, its name."""

spending_resumed = Signal()
"""Sent after the commit that ends a stop of spending. No argument."""

top_up_credited = Signal()
"""Sent within the transaction that credits a paid top-up. Argument: `top_up`."""

recharge_failed = Signal()
"""Sent within the transaction that notes a declined charge of a saved card. Argument: `rule`, the AutoRecharge."""
