package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

func TestKnown_instrumented(t *testing.T) {
	k := NewKnown(identity.NewNames(), 10, 1000)
	k.emits(identity.Service{Name: "cart"}, 0)
	k.emits(identity.Service{Namespace: "shop", Name: "mail"}, 0)

	tests := map[identity.Service]bool{
		{Name: "cart"}:                                true,
		{Name: "cart:8080"}:                           true,
		{Name: "cart.shop.svc"}:                       true,
		{Name: "cartridge"}:                           false,
		{Name: ".cart"}:                               false,
		{Name: "mail"}:                                true, // peers seldom say a namespace
		{Namespace: "shop", Name: "mail"}:             true,
		{Namespace: "shop", Name: "mail.example.org"}: true,
		{Namespace: "other", Name: "mail"}:            false,
		{}:                                            false,
	}
	for peer, want := range tests {
		assert.Equal(t, want, k.instrumented(peer, 1), peer)
	}
}
