package apps

import "github.com/sage-rca/sage/internal/simulate"

// socialParts are the services of the social network, by index.
type socialParts struct {
	proxy, compose, text, url, mention, user, media, id                       int
	posts, homeTimeline, userTimeline, graph, fanWriter, search               int
	postDB, postCache, userDB, userCache, urlDB, mediaDB                      int
	graphDB, graphCache, userTimelineDB, userTimelineCache, homeTimelineCache int
	spam, adverts, trends, queue                                              int
}

func socialServices(b *builder) socialParts {
	s := socialParts{
		proxy:        b.service("edge-proxy", plain, 1),
		compose:      b.service("compose-post", jvm, 2),
		text:         b.service("text", golang, 2),
		url:          b.service("url-shortener", golang, 1),
		mention:      b.service("mention", golang, 1),
		user:         b.service("user", jvm, 1),
		media:        b.service("media-store", golang, 1),
		id:           b.service("unique-id", golang, 1),
		posts:        b.service("post-storage", jvm, 2),
		homeTimeline: b.service("home-timeline", golang, 1),
		userTimeline: b.service("user-timeline", golang, 1),
		graph:        b.service("social-graph", jvm, 1),
		fanWriter:    b.service("timeline-writer", node, 2),
		search:       b.service("search", jvm, 1),
		adverts:      b.service("adverts", node, 1),
		spam:         b.service("spam-filter", node, 2),
		trends:       b.service("trends", golang, 1),

		queue:             b.store("events", "rabbitmq"),
		postDB:            b.store("post-db", "mongodb"),
		postCache:         b.store("post-cache", "memcached"),
		userDB:            b.store("user-db", "mongodb"),
		userCache:         b.store("user-cache", "memcached"),
		urlDB:             b.store("url-db", "mongodb"),
		mediaDB:           b.store("media-db", "mongodb"),
		graphDB:           b.store("graph-db", "mongodb"),
		graphCache:        b.store("graph-cache", "redis"),
		userTimelineDB:    b.store("user-timeline-db", "mongodb"),
		userTimelineCache: b.store("user-timeline-cache", "redis"),
		homeTimelineCache: b.store("home-timeline-cache", "redis"),
	}
	for _, consumer := range []int{s.fanWriter, s.search} {
		b.app.Services[consumer].Workers = 8
	}
	b.app.Services[s.proxy].Workers = 256
	return s
}

// postOperations are the RPCs of the storage of posts.
type postOperations struct{ read, write int }

// postStorage adds the storage of posts: reading looks four posts up in a cache.
func (s *socialParts) postStorage(b *builder) postOperations {
	toDB := b.pool(s.posts, "post-db", 20)
	find := b.rpc(s.postDB, "find", simulate.DB, cost{cpu: 1.3, disk: 3.2})
	insert := b.rpc(s.postDB, "insert", simulate.DB, cost{cpu: 1.2, disk: 1.6})
	get := b.rpc(s.postCache, "get", simulate.DB, cost{cpu: 0.2})
	spam := b.rpc(s.spam, "spam.Filter/Check", simulate.GRPC, cost{cpu: 3.0, alloc: 0.8})
	pick := b.rpc(s.adverts, "ads.Adverts/Pick", simulate.GRPC, cost{cpu: 2.2, alloc: 0.6})
	tags := b.rpc(s.trends, "trends.Trends/Top", simulate.GRPC, cost{cpu: 1.8, alloc: 0.4})
	return postOperations{
		write: b.rpc(s.posts, "posts.Posts/Store", simulate.GRPC, cost{cpu: 2.0, disk: 0.8, alloc: 1.0},
			then(call(spam)),
			then(lookup(get, 8, 0.985, pooled(find, toDB))), // the thread that it answers to
			then(pooled(insert, toDB))),
		read: b.rpc(s.posts, "posts.Posts/Read", simulate.GRPC, cost{cpu: 2.2, alloc: 1.2},
			then(lookup(get, 4, 0.93, pooled(find, toDB))),
			together(often(pick, 0.8, 1), often(tags, 0.3, 1))),
	}
}
