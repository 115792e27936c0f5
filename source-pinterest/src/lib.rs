//! An Airbyte source for Pinterest: boards, pins, ad accounts, campaigns, ads, audiences, catalogs.
