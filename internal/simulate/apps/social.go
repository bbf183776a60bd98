package apps

import (
	"time"

	"github.com/sage-rca/sage/internal/simulate"
)

// social is a social network of 29 services: a proxy in front; services that
// compose and store posts, timelines, users and the graph of who follows whom;
// caches in front of databases, none of which is instrumented; and a queue
// through which followers' timelines are written. The watched entry composes a
// post.
func social(seed uint64) *simulate.App {
	b := newBuilder("social", seed)
	s := socialServices(b)
	posts := s.postStorage(b)

	// Who follows whom.
	followersMiss := call(b.rpc(s.graphDB, "find", simulate.DB, cost{cpu: 1.0, disk: 1.0}))
	followersMiss.Pool = b.pool(s.graph, "graph-db", 16)
	followersGet := b.rpc(s.graphCache, "ZRANGE", simulate.DB, cost{cpu: 0.3})
	followers := b.rpc(s.graph, "graph.Graph/Followers", simulate.GRPC, cost{cpu: 1.6, alloc: 0.6},
		then(lookup(followersGet, 1, 0.94, followersMiss)))

	// Users.
	userMiss := call(b.rpc(s.userDB, "find", simulate.DB, cost{cpu: 0.9, disk: 0.9}))
	userMiss.Pool = b.pool(s.user, "user-db", 16)
	userGet := b.rpc(s.userCache, "get", simulate.DB, cost{cpu: 0.15})
	whoIs := b.rpc(s.user, "user.User/Compose", simulate.GRPC, cost{cpu: 1.3, alloc: 0.4}, then(lookup(userGet, 1, 0.95, userMiss)))
	login := b.rpc(s.user, "user.User/Login", simulate.GRPC, cost{cpu: 4.0, alloc: 0.6}, then(lookup(userGet, 1, 0.95, userMiss)))

	// The text of a post: what it mentions and links to.
	shortenStore := b.rpc(s.urlDB, "insert", simulate.DB, cost{cpu: 0.9, disk: 1.2})
	shorten := b.rpc(s.url, "url.Shortener/Shorten", simulate.GRPC, cost{cpu: 1.7, alloc: 0.4}, then(call(shortenStore)))
	mentionMiss := call(userMiss.RPC)
	mentioned := b.rpc(s.mention, "mention.Mentions/Resolve", simulate.GRPC, cost{cpu: 1.5, alloc: 0.4},
		then(lookup(userGet, 2, 0.95, mentionMiss)))
	text := b.rpc(s.text, "text.Text/Process", simulate.GRPC, cost{cpu: 3.4, alloc: 1.0},
		together(call(shorten), call(mentioned)))
	unique := b.rpc(s.id, "id.Ids/Next", simulate.GRPC, cost{cpu: 0.8, alloc: 0.1})
	blobWrite := b.rpc(s.mediaDB, "insert", simulate.DB, cost{cpu: 1.0, disk: 1.8})
	media := b.rpc(s.media, "media.Media/Attach", simulate.GRPC, cost{cpu: 2.2, disk: 1.0, alloc: 1.2}, then(call(blobWrite)))

	// Timelines.
	ownWrite := b.rpc(s.userTimelineCache, "ZADD", simulate.DB, cost{cpu: 0.3})
	ownStore := b.rpc(s.userTimelineDB, "update", simulate.DB, cost{cpu: 1.0, disk: 1.4})
	append1 := b.rpc(s.userTimeline, "timeline.User/Append", simulate.GRPC, cost{cpu: 1.5, alloc: 0.5},
		then(pooled(ownStore, b.pool(s.userTimeline, "user-timeline-db", 16))), then(call(ownWrite)))
	ownGet := b.rpc(s.userTimelineCache, "ZREVRANGE", simulate.DB, cost{cpu: 0.4})
	ownFind := call(b.rpc(s.userTimelineDB, "find", simulate.DB, cost{cpu: 1.1, disk: 1.0}))
	readOwn := b.rpc(s.userTimeline, "timeline.User/Read", simulate.GRPC, cost{cpu: 1.8, alloc: 0.8},
		then(lookup(ownGet, 1, 0.9, ownFind)), then(call(posts.read)))
	homeGet := b.rpc(s.homeTimelineCache, "ZREVRANGE", simulate.DB, cost{cpu: 0.4})
	readHome := b.rpc(s.homeTimeline, "timeline.Home/Read", simulate.GRPC, cost{cpu: 2.0, alloc: 0.9},
		then(call(homeGet)), then(pooled(posts.read, b.pool(s.homeTimeline, "post-storage", 24))))
	homeAdd := b.rpc(s.homeTimelineCache, "ZADD", simulate.DB, cost{cpu: 0.3})
	fan := b.rpc(s.fanWriter, "process timeline-writes", simulate.Messaging, cost{cpu: 5.0, alloc: 1.0},
		then(call(followers)), then(often(homeAdd, 1, 3)))
	indexPost := b.rpc(s.search, "process post-created", simulate.Messaging, cost{cpu: 6.0, disk: 1.5, alloc: 1.4})
	writes := b.rpc(s.queue, "timeline-writes", simulate.Messaging, cost{cpu: 0.3, disk: 0.2}, then(message(fan)))
	created := b.rpc(s.queue, "post-created", simulate.Messaging, cost{cpu: 0.3, disk: 0.2}, then(message(indexPost)))
	find := b.rpc(s.search, "search.Search/Query", simulate.GRPC, cost{cpu: 4.0, disk: 1.2, alloc: 1.2})

	// Composing: identify, process, store, and tell the followers later.
	compose := b.rpc(s.compose, "compose.Compose/Post", simulate.GRPC, cost{cpu: 2.6, alloc: 1.6},
		together(call(unique), retried(text, 400*time.Millisecond), often(media, 0.4, 1), call(whoIs)),
		together(pooled(posts.write, b.pool(s.compose, "post-storage", 24)), call(append1)),
		together(message(writes), message(created)))
	pub := b.rpc(s.proxy, "POST /posts", simulate.HTTP, cost{cpu: 8.5, alloc: 0.4},
		then(pooled(compose, b.pool(s.proxy, "compose", 48))))
	home := b.rpc(s.proxy, "GET /home", simulate.HTTP, cost{cpu: 1.2, alloc: 0.3}, then(call(readHome)))
	own := b.rpc(s.proxy, "GET /users/{id}", simulate.HTTP, cost{cpu: 1.2, alloc: 0.3}, then(call(readOwn)))
	enter := b.rpc(s.proxy, "POST /login", simulate.HTTP, cost{cpu: 1.0, alloc: 0.3}, then(call(login)))
	look := b.rpc(s.proxy, "GET /search", simulate.HTTP, cost{cpu: 1.0, alloc: 0.3}, then(call(find)), then(often(posts.read, 0.5, 1)))
	b.entry(pub, 18)
	b.entry(home, 9)
	b.entry(own, 5)
	b.entry(enter, 2)
	b.entry(look, 3)
	return b.place(3)
}
