package ingest

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func template(name string) string { return string(appendTemplate(nil, name)) }

func TestTemplateReplacesIdentifiers(t *testing.T) {
	for name, want := range map[string]string{
		// Paths.
		"GET /orders/8231":               "GET /orders/{id}",
		"/orders/8":                      "/orders/{id}",
		"GET /orders/8231?full=1&x=/a":   "GET /orders/{id}",
		"10.0.0.3:8443/x":                "{id}/x",
		"/pods/web-5f65c9d7b8-x2x4z/log": "/pods/web-{id}/log",
		"reply-web-5f65c9d7b8-bcdfg":     "reply-web-{id}",
		"https://sqs.us-east-1.amazonaws.com/123456789012/orders": "https://sqs.us-east-1.amazonaws.com/{id}/orders",
		"user:8231":                                        "user:{id}",
		"GET /search?q=7 HTTP":                             "GET /search HTTP",
		"GET /docs/intro#part-2":                           "GET /docs/intro",
		"GET http://shop:8080/orders/7/items/31":           "GET http://shop:8080/orders/{id}/items/{id}",
		"GET https://10.0.0.3:8443/x":                      "GET https://{id}:8443/x",
		"/users/2461685a-80c9-4d9e-85e9-a3b0e9e3ea84/cart": "/users/{id}/cart",
		"/users/2461685A_80C9_4D9E_85E9_A3B0E9E3EA84":      "/users/{id}",
		"/blobs/2461685a80c94d9e85e9a3b0e9e3ea84":          "/blobs/{id}",
		"/commits/7fa26bd1":                                "/commits/{id}",
		"/docs/507f1f77bcf86cd799439011":                   "/docs/{id}",
		"/calendar/2024-01-15/day":                         "/calendar/{id}/day",
		"/since/2024-01-15T10:30:00Z":                      "/since/{id}",
		"/since/2024-01-15T10:30:00.123Z":                  "/since/{id}",
		"/mail/ada.l+x@example.org/read":                   "/mail/{id}/read",
		"/product/QKXWZPTB4M":                              "/product/{id}",
		"/v/dQw4w9WgXcQ":                                   "/v/{id}",
		"/customers/cus_9s6XKzkNRiz8i3":                    "/customers/cus_{id}",
		"/pets/01ARZ3NDEKTSV4RRFFQ69G5FAV":                 "/pets/{id}",
		"/pets/cjld2cjxh0000qzrmn831i7rn":                  "/pets/{id}",
		"/paste/V1StGXR8_Z5jdHi6B-myT":                     "/paste/{id}",
		"/orders/inv-8231.pdf":                             "/orders/inv-{id}.pdf",
		"/orders/order12345":                               "/orders/order{id}",
		"/compare/1,2,3":                                   "/compare/{id}",
		"/1.1/statuses/show/123.json":                      "/1.1/statuses/show/{id}.json",
		"/a/0xdeadbeef1":                                   "/a/{id}",
		"sensors/8231/temperature receive":                 "sensors/{id}/temperature receive",
		// Statements.
		"SELECT * FROM orders WHERE id = 42":                        "SELECT * FROM orders WHERE id = {id}",
		"select name from users where mail='o''hara 7' and age>1.5": "select name from users where mail={id} and age>{id}",
		"INSERT INTO t VALUES (1, 'a'), (2, 'b')":                   "INSERT INTO t VALUES ({id})",
		"DELETE FROM temp_128390123 WHERE k IN (1, 2, 3)":           "DELETE FROM temp_{id} WHERE k IN ({id})",
		"SELECT 'never ends":                                        "SELECT {id}",
		// Other text.
		"find_user_2461685a_80c9_4d9e_85e9_a3b0e9e3ea84": "find_user_{id}",
		"SELECT temp_128390123":                          "SELECT temp_{id}",
		"process reply-3f2a77c09e1b":                     "process reply-{id}",
		"process order 8231":                             "process order {id}",
		"job:2024-01-15":                                 "job:{id}",
		"send to ada@example.org":                        "send to {id}",
		"lookup?user=ada":                                "lookup",
		"?x=1":                                           "?x=1",
	} {
		assert.Equal(t, want, template(name), name)
		assert.True(t, mayIdentify(name) || name == want, name)
	}
}

func TestTemplateKeepsNamesWithoutIdentifiers(t *testing.T) {
	for _, name := range []string{
		"pay.shop.svc.cluster.local:9080/*", "pay.shop.svc.cluster.local:9080", "GET http://localhost:8080/x",
		"GET", "GET /", "GET /orders", "GET /orders/{id}", "GET /orders/{orderId}/items", "GET /orders/:id", "/orders/<int:id>",
		"GET /api/v1/users", "GET /v2beta1/pods", "GET /v1.2/users", "GET /2.0/repositories", "HTTP/1.1 GET",
		"/oauth2/callback", "/k8s/i18n/md5", "/utf8/base64encode", "/addressLine1", "/api/convertMp3ToMp4",
		"shop.v1.CartService/GetCart2", "grpc.health.v1.Health/Check", "shop.CatalogService/GetItem",
		"SELECT orders", "SELECT * FROM orders WHERE id = ?", "SELECT * FROM t1 WHERE a = $1",
		"process orders", "topic-2 receive", "Step 3", "worker-12", "convertMp3ToMp4", "base64ToSha256AndMd5", "TLSv1.2 handshake",
		"OrdersController#show", "deadbeef", "pkg@v1.2", "/@scope/pkg", "naïve 日本", "other", "unnamed",
	} {
		assert.Equal(t, name, template(name))
	}
}

// Words tell operations apart, whatever numbers are beside them.
func TestTemplateDoesNotMergeWords(t *testing.T) {
	words := []string{"orders", "inventory", "GET /orders/7/items", "GET /orders/7/bills", "POST /orders/7/items", "a-1234567", "b-1234567"}
	seen := make(map[string]string)
	for _, w := range words {
		was, ok := seen[template(w)]
		assert.False(t, ok, "%s is as %s", w, was)
		seen[template(w)] = w
	}
}

func TestTemplateIsBounded(t *testing.T) {
	long := template("/x/" + strings.Repeat("word/7/", 1000))
	assert.LessOrEqual(t, len(long), maxName)
	assert.True(t, strings.HasPrefix(long, "/x/word/{id}/word/{id}/"))
	assert.Equal(t, strings.Repeat("é", maxName/2), template(strings.Repeat("é", maxName)))
	assert.Equal(t, "GET /{id}", template("GET /"+strings.Repeat("a1", 100)))
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		"GET /orders/8231?x=1", "SELECT 'a', 1 FROM t WHERE x='", "find_user_2461685a_80c9_4d9e_85e9_a3b0e9e3ea84",
		"/a1b2c3d4e5/{id}-123-{id}/v1.2/2024-01-15T10:30:00.1Z", "x@y.zz 10.0.0.1 abc12345deadbeef7", "\xff1234\x80 {id} 1", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		once := template(name)
		require.NotEmpty(t, once)
		require.LessOrEqual(t, len(once), maxName)
		require.True(t, utf8.ValidString(once))
		require.Equal(t, once, template(once))
		if name != "" && utf8.ValidString(name) && !mayIdentify(name) {
			require.Equal(t, name, once)
		}
	})
}

// Names of random parts, which meet each other's rules more often than random bytes.
func TestTemplateIsIdempotent(t *testing.T) {
	parts := []string{
		"/", "/", "-", "_", ".", ":", " ", "?", "#", "=", "'", "$", "@", "{id}", "{", "}", ",", "(", ")", "%20", "~", "é", "\xff",
		"SELECT ", "orders", "Cart", "v1", "2.0", "1", "42", "2024", "128390123", "2024-01-15", "T10:30:00", "10.0.0.1", "beta", "//", ":9080", "shop.svc", "x2x4z", "bcdfg", "12345.6789a",
		"deadbeef7", "7fa2", "x", "Z", "A", "f", "org", "3", "2461685a-80c9-4d9e-85e9-a3b0e9e3ea84", "V1StGXR8", "QKXWZPTB4M",
		strings.Repeat("word", 15), strings.Repeat("9", 30),
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var name strings.Builder
		for range 1 + r.IntN(14) {
			name.WriteString(parts[r.IntN(len(parts))])
		}
		once := template(name.String())
		require.Equal(t, once, template(once), "%q", name.String())
		require.NotEmpty(t, once)
		require.LessOrEqual(t, len(once), maxName)
	}
}
