"""The setup file that tests set up, for an organisation with two projects."""

FILE = """
projects:
  - name: shop
    connections: [shop-web, shop-api]
    schedule: "*/15 * * * *"
  - name: acme
    connection-name: "{owner}-{repo}"
    repositories: [acme/pay, acme/web]
keys:
  - name: ci-shop
    projects: [shop]
    expires: 2027-06-30
  - connections: "acme-*"
    name: ci-acme
"""
