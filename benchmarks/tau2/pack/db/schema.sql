-- A retail shop in the form of tau2-bench's retail domain. Money is in whole cents; lists and options are JSON.
-- The benchmark fills it at run time (benchmarks/tau2/database.py): no row of the data stands in this project.
CREATE TABLE products (product_id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE variants (
  item_id TEXT PRIMARY KEY, product_id TEXT NOT NULL REFERENCES products,
  available INTEGER NOT NULL CHECK (available IN (0, 1)), price_cents INTEGER NOT NULL, options TEXT NOT NULL CHECK (json_valid(options)));
CREATE INDEX variants_of_product ON variants (product_id);
CREATE TABLE customers (
  customer_id TEXT PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT NOT NULL,
  address1 TEXT NOT NULL, address2 TEXT NOT NULL, city TEXT NOT NULL, state TEXT NOT NULL, country TEXT NOT NULL, zip TEXT NOT NULL);
CREATE TABLE payment_methods (
  customer_id TEXT NOT NULL REFERENCES customers, payment_id TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('credit_card', 'gift_card', 'paypal')),
  brand TEXT, last_four TEXT, balance_cents INTEGER CHECK (balance_cents >= 0), PRIMARY KEY (customer_id, payment_id));
CREATE TABLE orders (
  order_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers, place INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'pending (item modified)', 'processed', 'delivered', 'cancelled', 'return requested', 'exchange requested')),
  address1 TEXT NOT NULL, address2 TEXT NOT NULL, city TEXT NOT NULL, state TEXT NOT NULL, country TEXT NOT NULL, zip TEXT NOT NULL,
  cancel_reason TEXT, return_payment_id TEXT, exchange_payment_id TEXT, exchange_difference_cents INTEGER);
CREATE INDEX orders_of_customer ON orders (customer_id);
CREATE TABLE order_items (
  order_id TEXT NOT NULL REFERENCES orders, line INTEGER NOT NULL, product_id TEXT NOT NULL REFERENCES products,
  item_id TEXT NOT NULL REFERENCES variants, price_cents INTEGER NOT NULL, options TEXT NOT NULL CHECK (json_valid(options)),
  PRIMARY KEY (order_id, line));
CREATE TABLE parcels (
  order_id TEXT NOT NULL REFERENCES orders, number INTEGER NOT NULL, tracking_ids TEXT NOT NULL, item_ids TEXT NOT NULL,
  PRIMARY KEY (order_id, number));
CREATE TABLE payments (
  order_id TEXT NOT NULL REFERENCES orders, number INTEGER NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('payment', 'refund')),
  amount_cents INTEGER NOT NULL CHECK (amount_cents >= 0), payment_id TEXT NOT NULL, PRIMARY KEY (order_id, number));
-- What a return or an exchange is about; an order has one of them, once.
CREATE TABLE requested_items (
  order_id TEXT NOT NULL REFERENCES orders, number INTEGER NOT NULL, item_id TEXT NOT NULL REFERENCES variants,
  new_item_id TEXT REFERENCES variants, PRIMARY KEY (order_id, number));
