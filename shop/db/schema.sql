-- The demo shop. Times are ISO 8601 with +08:00, money is in CNY. Unique keys make every write of tools.yaml idempotent.
CREATE TABLE products (
  sku TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL, category TEXT NOT NULL,
  price REAL NOT NULL CHECK (price > 0), stock INTEGER NOT NULL, restock_on TEXT,
  returnable INTEGER NOT NULL CHECK (returnable IN (0, 1)), warranty_months INTEGER NOT NULL,
  spec_zh TEXT NOT NULL, spec_en TEXT NOT NULL);
-- The page of a product below its specification, line by line; one begins with 颜色： (colours:), if it names any.
CREATE TABLE product_details (
  sku TEXT NOT NULL REFERENCES products, line INTEGER NOT NULL, details_zh TEXT NOT NULL, details_en TEXT NOT NULL,
  PRIMARY KEY (sku, line));
CREATE VIEW product_colours AS
  SELECT sku, details_zh AS colours_zh, details_en AS colours_en FROM product_details WHERE details_zh LIKE '颜色：%';
CREATE TABLE price_history (
  sku TEXT NOT NULL REFERENCES products, day TEXT NOT NULL, price REAL NOT NULL, PRIMARY KEY (sku, day));
CREATE TABLE customers (
  customer_id TEXT PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL, email TEXT NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('basic', 'silver', 'gold')), points INTEGER NOT NULL, joined_on TEXT NOT NULL);
CREATE TABLE coupons (
  coupon_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers, amount REAL NOT NULL,
  min_spend REAL NOT NULL, expires_on TEXT NOT NULL, used_on TEXT);
CREATE TABLE orders (
  order_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers,
  status TEXT NOT NULL CHECK (status IN ('unpaid', 'paid', 'shipped', 'delivered', 'cancelled')),
  created_at TEXT NOT NULL, paid_at TEXT, shipped_at TEXT, delivered_at TEXT,
  recipient TEXT NOT NULL, phone TEXT NOT NULL, address TEXT NOT NULL,
  payment TEXT NOT NULL, coupon_id TEXT REFERENCES coupons, total REAL NOT NULL);
CREATE INDEX orders_of_customer ON orders (customer_id, created_at);
CREATE TABLE order_items (
  order_id TEXT NOT NULL REFERENCES orders, sku TEXT NOT NULL REFERENCES products,
  quantity INTEGER NOT NULL CHECK (quantity > 0), price REAL NOT NULL, PRIMARY KEY (order_id, sku));
CREATE TABLE parcels (
  tracking_no TEXT PRIMARY KEY, order_id TEXT NOT NULL UNIQUE REFERENCES orders,
  courier_zh TEXT NOT NULL, courier_en TEXT NOT NULL, courier_phone TEXT NOT NULL, expected_on TEXT NOT NULL);
CREATE TABLE parcel_events (
  tracking_no TEXT NOT NULL REFERENCES parcels, time TEXT NOT NULL, event_zh TEXT NOT NULL, event_en TEXT NOT NULL,
  PRIMARY KEY (tracking_no, time));
CREATE TABLE returns (
  order_id TEXT PRIMARY KEY REFERENCES orders, customer_id TEXT NOT NULL, reason TEXT NOT NULL,
  created_at TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('requested', 'received', 'refunded')),
  -- Of a return of some units: which, how many, and what comes back; NULL: the whole order.
  sku TEXT REFERENCES products, quantity INTEGER CHECK (quantity > 0), amount REAL CHECK (amount >= 0));
CREATE TABLE exchanges (
  order_id TEXT PRIMARY KEY REFERENCES orders, customer_id TEXT NOT NULL, exchange_for TEXT NOT NULL,
  created_at TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('requested', 'shipped', 'done')),
  -- Of an exchange of some units: which, and how many; NULL: the whole order.
  sku TEXT REFERENCES products, quantity INTEGER CHECK (quantity > 0));
CREATE TABLE refunds (
  order_id TEXT NOT NULL REFERENCES orders, customer_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('return', 'cancel', 'price_protection')), amount REAL NOT NULL,
  created_at TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('processing', 'paid', 'failed')), paid_at TEXT,
  PRIMARY KEY (order_id, kind));
CREATE TABLE cancellations (
  order_id TEXT PRIMARY KEY REFERENCES orders, customer_id TEXT NOT NULL, reason TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE address_changes (
  order_id TEXT NOT NULL REFERENCES orders, customer_id TEXT NOT NULL, address TEXT NOT NULL, created_at TEXT NOT NULL,
  PRIMARY KEY (order_id, address));
CREATE TABLE phone_changes (
  order_id TEXT NOT NULL REFERENCES orders, customer_id TEXT NOT NULL, phone TEXT NOT NULL, created_at TEXT NOT NULL,
  PRIMARY KEY (order_id, phone));
-- An empty phone or address: it stays as it was.
CREATE TABLE recipient_changes (
  order_id TEXT NOT NULL REFERENCES orders, customer_id TEXT NOT NULL, recipient TEXT NOT NULL,
  phone TEXT NOT NULL, address TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (order_id, recipient, phone, address));
CREATE TABLE missing_items (
  order_id TEXT NOT NULL REFERENCES orders, customer_id TEXT NOT NULL, what TEXT NOT NULL, sku TEXT REFERENCES products,
  created_at TEXT NOT NULL, PRIMARY KEY (order_id, what));
CREATE TABLE courier_requests (
  order_id TEXT NOT NULL REFERENCES orders, customer_id TEXT NOT NULL, day TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('hurry')), PRIMARY KEY (order_id, kind, day));
CREATE TABLE invoices (
  order_id TEXT PRIMARY KEY REFERENCES orders, customer_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('personal', 'company')), title TEXT NOT NULL, tax_number TEXT,
  email TEXT NOT NULL, created_at TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('requested', 'sent')));
-- Money in whole cents, for what is shared among items: ``list`` is before the coupon, ``paid`` after it and without the shipping fee.
CREATE VIEW item_prices AS
  SELECT order_id, sku, quantity, CAST(round(price * 100) AS INTEGER) AS price_cents FROM order_items;
CREATE VIEW order_payments AS
  SELECT o.order_id, o.customer_id, CAST(round(o.total * 100) AS INTEGER) AS total_cents,
         sum(i.price_cents * i.quantity) AS list_cents, sum(i.quantity) AS units,
         sum(i.price_cents * i.quantity) - CAST(round(coalesce(c.amount, 0) * 100) AS INTEGER) AS paid_cents
    FROM orders o JOIN item_prices i USING (order_id) LEFT JOIN coupons c ON c.coupon_id = o.coupon_id
   GROUP BY o.order_id;
-- Coupons as the account holds them: of an order that is cancelled, the coupon is back (``back_from``).
CREATE VIEW held_coupons AS
  SELECT c.coupon_id, c.customer_id, c.amount, c.min_spend, c.expires_on,
         CASE WHEN o.status = 'cancelled' THEN NULL ELSE c.used_on END AS used_on,
         CASE WHEN o.status = 'cancelled' THEN NULL ELSE o.order_id END AS order_id,
         CASE WHEN o.status = 'cancelled' THEN o.order_id END AS back_from, o.status
    FROM coupons c LEFT JOIN orders o ON o.order_id = (
         SELECT order_id FROM orders u WHERE u.coupon_id = c.coupon_id ORDER BY u.status = 'cancelled', u.created_at DESC LIMIT 1);
-- What a customer keeps of an order: its items without what comes back.
CREATE VIEW kept_items AS
  SELECT i.order_id, i.sku, i.price, i.quantity - coalesce((SELECT coalesce(r.quantity, i.quantity) FROM returns r
           WHERE r.order_id = i.order_id AND coalesce(r.sku, i.sku) = i.sku), 0) AS quantity
    FROM order_items i;
