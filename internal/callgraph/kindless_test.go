package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// Each trace without kinds gives what it gives with them.
func TestAssembler_kindless(t *testing.T) {
	tests := map[string]struct{ said, unsaid string }{
		"a request, its call and who serves it": {`
			1 - S web  /   0-100
			2 1 C web  Get 10-90 peer=cart
			3 2 S cart Get 20-70
		`, `
			1 - U  web  /   0-100
			2 1 U  web  Get 10-90 peer=cart
			3 2 U  cart Get 20-70
		`},
		"a store sends no spans": {`
			1 - S web  /   0-100
			2 1 C web  Get 10-90 peer=cart
			3 2 S cart Get 20-70
			4 3 C cart Sel 30-40 peer=db terminal
		`, `
			1 - US web  /   0-100
			2 1 UC web  Get 10-90 peer=cart
			3 2 US cart Get 20-70
			4 3 UC cart Sel 30-40 peer=db terminal
		`},
		"what only looks like a call is what its place says": {`
			1 - S web  /   0-100
			2 1 C web  Get 10-90 peer=cart
			3 2 S cart Get 20-70
			4 3 I cart run 25-65
			5 4 C cart Sel 30-40 peer=db terminal
		`, `
			1 - UC web  /   0-100
			2 1 US web  Get 10-90 peer=cart
			3 2 UC cart Get 20-70
			4 3 US cart run 25-65
			5 4 UC cart Sel 30-40 peer=db terminal
		`},
		"one span of each request, of which those of others are children": {`
			1 - S web  /   0-100
			2 1 S cart Get 20-70
			3 2 S user Get 30-60
		`, `
			1 - U web  /   0-100
			2 1 U cart Get 20-70
			3 2 U user Get 30-60
		`},
		"a load generator, and a proxy": {`
			1 - C load /   0-100 peer=web
			2 1 C mesh /   5-95  peer=web
			3 2 S web  /   10-90
		`, `
			1 - UC load /   0-100 peer=web
			2 1 UC mesh /   5-95  peer=web
			3 2 U  web  /   10-90
		`},
		"work that calls several others directly": {`
			1 - S web  /   0-100
			2 1 I web  all 10-90
			3 2 S cart Get 20-40
			4 2 S user Get 50-70
		`, `
			1 - U web  /   0-100
			2 1 U web  all 10-90
			3 2 U cart Get 20-40
			4 2 U user Get 50-70
		`},
		"attempts": {`
			1 - S web  /   0-100
			2 1 C web  Get 10-90 peer=cart
			3 2 S cart Get 20-40 error=x
			4 2 S cart Get 50-70
		`, `
			1 - U web  /   0-100
			2 1 U web  Get 10-90 peer=cart
			3 2 U cart Get 20-40 error=x
			4 2 U cart Get 50-70
		`},
		"some say their kind": {`
			1 - S web  /   0-100
			2 1 C web  Get 10-90 peer=cart
			3 2 S cart Get 20-70
			4 3 I cart run 25-65
			5 4 C cart Sel 30-40 peer=db
			6 1 P web  log 91-92 peer=logs
			7 6 R logs log 95-99
		`, `
			1 - U  web  /   0-100
			2 1 C  web  Get 10-90 peer=cart
			3 2 U  cart Get 20-70
			4 3 U  cart run 25-65
			5 4 UC cart Sel 30-40 peer=db
			6 1 P  web  log 91-92 peer=logs
			7 6 R  logs log 95-99
		`},
		"parents that never came": {`
			1 ? S web  /   0-100
			2 1 C web  Get 10-90 peer=cart
			3 ? I cart run 20-70
			4 ? C cart Sel 30-40 peer=db terminal
			5 4 I cart row 31-32
		`, `
			1 ? US web  /   0-100
			2 1 UC web  Get 10-90 peer=cart
			3 ? U  cart run 20-70
			4 ? UC cart Sel 30-40 peer=db terminal
			5 4 U  cart row 31-32
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := play(t, roomy, tt.said)
			require.NotEmpty(t, want)
			assert.Equal(t, want, play(t, roomy, tt.unsaid))
		})
	}
}

// Where a parent never came, a span is what spans of its name were.
func TestAssembler_kindlessByHabit(t *testing.T) {
	whole := ""
	for _, trace := range []string{"2", "3", "4", "5", "6", "7", "8", "9"} {
		for _, line := range []string{
			"1 - U web / 0-100", "2 T.1 U web Get 10-90 peer=cart", "3 T.2 U cart Get 20-70", "4 T.3 UC cart run 30-40",
		} {
			for k := range line {
				if line[k] == 'T' {
					line = line[:k] + trace + line[k+1:]
					break
				}
			}
			whole += trace + "." + line + "\n"
		}
	}
	torn := `
		3 ? UC cart Get 20-70
		4 ? US cart run 30-40
	`
	got := play(t, roomy, whole+"flush\n"+torn)
	assert.Contains(t, got, "serve cart Get d=50 own=50 calls=0 t=70 entry")
	assert.NotContains(t, got, "serve cart run d=10 own=10 calls=0 t=40 entry")

	got = play(t, roomy, torn) // as they look
	assert.NotContains(t, got, "serve cart Get d=50 own=50 calls=0 t=70 entry")
	assert.Contains(t, got, "serve cart run d=10 own=10 calls=0 t=40 entry")
}

// However the pieces of a trace come, they give the same.
func TestAssembler_kindlessInPieces(t *testing.T) {
	at := func(commands string) []string {
		return play(t, Config{MaxPending: 100, MaxTrace: 100, MaxAge: 1000}, `
			4 3 UC cart Sel 30-40 peer=db terminal
			`+commands+`
			3 2 U cart Get 20-70
			2 1 U web  Get 10-90
			`+commands+`
			1 - U web  /   0-100
		`)
	}
	want := at("")
	assert.Contains(t, want, "call cart Get > db Sel client=10 server=-1 t=100 leaf")
	assert.Equal(t, want, at("advance 20"))
}

// Once what there is to know is known, spans without kinds cost no allocation.
func TestAssembler_kindlessDoesNotAllocate(t *testing.T) {
	a := New(roomy, new(discard))
	spans := make([]Span, 0, 5)
	for _, f := range []spoken{
		{Kind: SeemsServer, Operation: "/", End: 100, Service: identity.Service{Name: "web"}},
		{Kind: SeemsClient, Operation: "Get", End: 90, Service: identity.Service{Name: "web"}, Peer: identity.Service{Name: "cart"}},
		{Kind: Unspecified, Operation: "Get", End: 80, Service: identity.Service{Name: "cart"}},
		{Kind: SeemsClient, Operation: "Sel", End: 70, Service: identity.Service{Name: "cart"}, Peer: identity.Service{Name: "db"}},
	} {
		n, _ := f.numbered(a.known.known.names)
		n.ID.Trace[0], n.ID.ID[0] = 1, byte(len(spans)+1)
		n.Parent[0] = byte(len(spans))
		spans = append(spans, n)
	}
	torn := spans[3]
	torn.ID.ID[0], torn.Parent[0] = 9, 99
	spans = append(spans, torn)
	play := func() {
		for _, s := range spans {
			a.Add(&s, nil)
		}
		a.Flush()
	}
	for range 20 {
		play()
	}
	assert.Zero(t, testing.AllocsPerRun(100, play))
}
