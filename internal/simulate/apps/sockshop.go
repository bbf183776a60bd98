package apps

import "github.com/sage-rca/sage/internal/simulate"

// sockshop is a shop of the common teaching shape: a storefront over small
// services of which each has a database of its own, and orders that go through a
// queue to shipping. The watched entry places an order.
func sockshop(seed uint64) *simulate.App {
	b := newBuilder("sockshop", seed)
	front := b.service("storefront", node, 1)
	catalog := b.service("catalog", golang, 2)
	carts := b.service("carts", jvm, 1)
	users := b.service("users", golang, 1)
	orders := b.service("orders", jvm, 2)
	payment := b.service("payment", golang, 1)
	shipping := b.service("shipping", jvm, 1)
	dispatch := b.service("dispatch", jvm, 1)
	catalogDB := b.store("catalog-db", "mysql")
	cartsDB := b.store("carts-db", "mongodb")
	usersDB := b.store("users-db", "mongodb")
	ordersDB := b.store("orders-db", "mongodb")
	sessions := b.store("sessions", "redis")

	session := b.rpc(sessions, "GET", simulate.DB, cost{cpu: 0.2})
	readItem := b.rpc(catalogDB, "SELECT", simulate.DB, cost{cpu: 0.9, disk: 0.8})
	readCart := b.rpc(cartsDB, "find", simulate.DB, cost{cpu: 0.9, disk: 0.6})
	writeCart := b.rpc(cartsDB, "update", simulate.DB, cost{cpu: 1.0, disk: 1.2})
	readUser := b.rpc(usersDB, "find", simulate.DB, cost{cpu: 0.8, disk: 0.6})
	writeOrder := b.rpc(ordersDB, "insert", simulate.DB, cost{cpu: 1.1, disk: 1.6})

	toItems := b.pool(catalog, "catalog-db", 12)
	item := b.rpc(catalog, "GET /items/{id}", simulate.HTTP, cost{cpu: 1.4, alloc: 0.4}, then(pooled(readItem, toItems)))
	items := b.rpc(catalog, "GET /items", simulate.HTTP, cost{cpu: 2.4, alloc: 1.0}, then(pooled(readItem, toItems)))
	toCarts := b.pool(carts, "carts-db", 12)
	getCart := b.rpc(carts, "GET /carts/{user}", simulate.HTTP, cost{cpu: 1.8, alloc: 0.9}, then(pooled(readCart, toCarts)))
	addItem := b.rpc(carts, "POST /carts/{user}/items", simulate.HTTP, cost{cpu: 2.0, alloc: 1.0}, then(pooled(writeCart, toCarts)))
	getUser := b.rpc(users, "GET /customers/{id}", simulate.HTTP, cost{cpu: 1.5, alloc: 0.3}, then(call(readUser)))
	login := b.rpc(users, "POST /login", simulate.HTTP, cost{cpu: 3.5, alloc: 0.5}, then(call(readUser)))
	pay := b.rpc(payment, "POST /authorise", simulate.HTTP, cost{cpu: 2.6, disk: 0.8, alloc: 0.4})
	deliver := b.rpc(dispatch, "process parcels", simulate.Messaging, cost{cpu: 6.0, disk: 1.0, alloc: 1.2})
	ship := b.rpc(shipping, "POST /shipments", simulate.HTTP, cost{cpu: 1.8, disk: 0.9, alloc: 0.9}, then(message(deliver)))

	place := b.rpc(orders, "POST /orders", simulate.HTTP, cost{cpu: 3.0, alloc: 1.6},
		together(call(getUser), call(getCart)),
		then(pooled(pay, b.pool(orders, "payment", 10))),
		then(call(ship)),
		then(pooled(writeOrder, b.pool(orders, "orders-db", 10))))
	order := b.rpc(front, "POST /orders", simulate.HTTP, cost{cpu: 9.0, alloc: 1.2},
		then(call(session)), then(pooled(place, b.pool(front, "orders", 32))))
	browse := b.rpc(front, "GET /catalogue", simulate.HTTP, cost{cpu: 2.5, alloc: 1.0}, then(call(session)), then(call(items)))
	add := b.rpc(front, "POST /cart", simulate.HTTP, cost{cpu: 1.8, alloc: 0.8},
		then(call(session)), then(call(item)), then(call(addItem)))
	enter := b.rpc(front, "GET /login", simulate.HTTP, cost{cpu: 1.5, alloc: 0.6}, then(call(login)), then(often(getCart, 0.7, 1)))
	b.entry(order, 18)
	b.entry(browse, 8)
	b.entry(add, 6)
	b.entry(enter, 3)
	return b.place(3)
}
