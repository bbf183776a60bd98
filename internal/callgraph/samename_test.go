package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

func TestWhoAnswers(t *testing.T) {
	for _, c := range []struct {
		peer, asked   string
		service, does string
		want          says
	}{
		{"timeline", "GET /read", "posts", "GET /posts", another},
		{"timeline", "GET /users/{id}/timeline", "posts", "GET /users/{id}/posts", another},
		{"shop", "shop.Shop/Buy", "cart", "cart.Cart/Add", another},
		{"shop", "POST /buy", "cart", "cart.Cart/Add", another},
		{"svc-1", "GET /one", "svc-10", "GET /ten", another},
		// A name of whom has answered.
		{"cart", "GET /a", "cart", "GET /b", itself},
		{"cart.shop.svc.cluster.local:8080", "GET /a", "cart", "GET /b", itself},
		{"orders", "GET /a", "order-service", "GET /b", itself},
		{"cart-v2.internal", "GET /a", "CartService", "GET /b", itself},
		{"order_svc", "GET /a", "orders-api", "GET /b", itself},
		{"api.example.com", "GET /a", "cart", "GET /b", itself}, // any service's
		// No name.
		{"localhost", "GET /a", "cart", "GET /b", itself},
		{"10.0.0.7:80", "GET /a", "cart", "GET /b", itself},
		{"[fd00::7]:80", "GET /a", "cart", "GET /b", itself},
		// What was asked for.
		{"gateway", "GET /carts/{id}", "cart", "GET /carts/:id", nothing},
		{"gateway", "GET /api/carts/{id}", "cart", "GET /carts/{cart}", nothing},
		{"gateway", "GET /carts/{id}", "cart", "GET /{id}", nothing}, // below a router
		{"gateway", "GET /carts/{id}", "cart", "GET /{controller}/{action}", nothing},
		{"gateway", "GET /users/{id}/carts", "cart", "GET /carts/{id}", nothing},
		{"gateway", "shop.Cart/Add", "cart", "POST /Cart/Add", nothing},
		// Operations that say nothing.
		{"gateway", "GET", "cart", "GET /carts/{id}", nothing},
		{"gateway", "GET /carts", "cart", "GET", nothing},
		{"gateway", "GET /carts", "cart", "CartController.list", nothing},
		{"gateway", "GET /carts", "cart", "GET /**", nothing},
		{"gateway", "GET /carts", "cart", "GET /", nothing},
		{"gateway", "GET /carts", "cart", "GET /{path...}", nothing},
	} {
		call := identity.RPC{Service: identity.Service{Name: c.peer}, Operation: c.asked}
		served := identity.RPC{Service: identity.Service{Name: c.service}, Operation: c.does}
		assert.Equal(t, c.want, whoAnswers(call, served), "%v answered by %v", call, served)
	}
}
