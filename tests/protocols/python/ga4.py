"""Tells the story with ga4mp, a client of the Measurement Protocol: ga4.py HOST. The host is all that is changed of the client."""

import sys

from ga4mp import GtagMP

client = GtagMP(api_secret="s3cret", measurement_id="G-SHOP1", client_id="1234.5678")
client._base_domain = sys.argv[1] + "/mp/collect"

page = client.create_new_event("page_view")
page.set_event_param("page_location", "https://shop.example/shoes")
page.set_event_param("page_title", "Shoes")

signup = client.create_new_event("sign_up")
signup.set_event_param("method", "mail")

order = client.create_new_event("purchase")
for name, value in {"transaction_id": "ga4-1", "value": 12.5, "currency": "EUR"}.items():
    order.set_event_param(name, value)
item = order.create_new_item(item_id="sku-1", item_name="Shoes")
for name, value in {"price": 12.5, "quantity": 1}.items():
    item.set_parameter(name, value)
order.add_item_to_event(item)

client.store.set_user_property(name="plan", value="gold")
client.send([page, signup, order])
