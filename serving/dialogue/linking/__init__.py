"""What customers mean by "my order" and "that pillow": mentions in a message → own orders and products."""

from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import Order, OrderLink, ProductLink

__all__ = ["Linker", "Order", "OrderLink", "ProductLink"]
