"""The workspace of the Olist tests: its `nurture.yaml`, but for the mail server's port and the database."""

SETTINGS = """\
company:
  name: Olist de Teste
  postal_address: Rua das Araucárias, 214, São Paulo, SP
  website: https://shop.example
  zone: America/Sao_Paulo
  locale: pt-BR
  country: BR
  currency: BRL
channels:
  email:
    provider: smtp
    sender: {{address: oi@shop.example, name: Olist de Teste}}
    host: 127.0.0.1
    port: "{port}"
    tls: none
topics:
  offers: Ofertas
report:
  attribution_window: 30 days
web:
  url: http://links.shop.example
database: "{database}"
secret: ${{NURTURE_SECRET}}
"""
