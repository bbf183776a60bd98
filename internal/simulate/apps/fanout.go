package apps

import "github.com/sage-rca/sage/internal/simulate"

// fanout is a page that a frontend puts together from nine services that it asks
// at the same time, four of which ask others in turn. A second entry is a
// search that needs three of them.
func fanout(seed uint64) *simulate.App {
	b := newBuilder("fanout", seed)
	page := b.service("page-server", node, 1)
	widgets := b.pool(page, "widgets", 48)

	details := b.service("details", jvm, 1)
	media := b.service("media", golang, 2)
	offers := b.service("offers", jvm, 1)
	rating := b.service("rating", golang, 1)
	related := b.service("related", node, 1)
	delivery := b.service("delivery", jvm, 2)
	basket := b.service("basket", golang, 1)
	banner := b.service("banner", node, 1)
	consent := b.service("consent", golang, 1)
	prices := b.service("prices", jvm, 1)
	images := b.service("images", golang, 1)
	model := b.service("ranking", jvm, 1)
	routes := b.service("routes", golang, 1)
	index := b.service("search-index", jvm, 2)

	getPrice := b.rpc(prices, "prices.Prices/Get", simulate.GRPC, cost{cpu: 2.4, disk: 1.2, alloc: 0.8})
	resize := b.rpc(images, "GET /images/{id}", simulate.HTTP, cost{cpu: 2.2, disk: 1.6, alloc: 0.7})
	rank := b.rpc(model, "rank.Ranking/Rank", simulate.GRPC, cost{cpu: 4.6, alloc: 1.6})
	route := b.rpc(routes, "routes.Routes/Find", simulate.GRPC, cost{cpu: 2.8, alloc: 0.5})

	show := b.rpc(details, "details.Details/Get", simulate.GRPC, cost{cpu: 4.2, disk: 1.4, alloc: 1.1})
	list := b.rpc(media, "media.Media/List", simulate.GRPC, cost{cpu: 1.6, alloc: 0.4}, then(call(resize)))
	offer := b.rpc(offers, "offers.Offers/Best", simulate.GRPC, cost{cpu: 1.9, alloc: 0.9},
		then(pooled(getPrice, b.pool(offers, "prices", 12))))
	rate := b.rpc(rating, "rating.Rating/Summary", simulate.GRPC, cost{cpu: 3.6, disk: 1.3, alloc: 0.3})
	suggest := b.rpc(related, "related.Related/List", simulate.GRPC, cost{cpu: 1.4, alloc: 0.8},
		then(pooled(rank, b.pool(related, "ranking", 12))))
	deliver := b.rpc(delivery, "delivery.Delivery/Options", simulate.GRPC, cost{cpu: 1.8, alloc: 0.8}, then(call(route)))
	count := b.rpc(basket, "basket.Basket/Count", simulate.GRPC, cost{cpu: 4.0, alloc: 0.3})
	pick := b.rpc(banner, "banner.Banner/Pick", simulate.GRPC, cost{cpu: 3.8, alloc: 0.5})
	check := b.rpc(consent, "consent.Consent/Check", simulate.GRPC, cost{cpu: 3.2, alloc: 0.2})
	query := b.rpc(index, "index.Index/Query", simulate.GRPC, cost{cpu: 4.4, disk: 2.2, alloc: 1.2})

	product := b.rpc(page, "GET /products/{id}", simulate.HTTP, cost{cpu: 7.0, alloc: 1.6},
		together(pooled(show, widgets), pooled(list, widgets), pooled(offer, widgets), pooled(rate, widgets),
			pooled(suggest, widgets), pooled(deliver, widgets), pooled(count, widgets), pooled(pick, widgets),
			pooled(check, widgets)))
	search := b.rpc(page, "GET /search", simulate.HTTP, cost{cpu: 3.0, alloc: 1.2},
		then(pooled(query, widgets)),
		together(pooled(offer, widgets), pooled(rate, widgets), often(suggest, 0.4, 1)))
	b.entry(product, 26)
	b.entry(search, 8)
	return b.place(3)
}
