package ingest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSlotOf(t *testing.T) {
	of := func(key string) slot {
		c := slotNames.cellOf(key)
		if attributeNames[c].name != key {
			return noSlot
		}
		return slotNames.slots[c]
	}
	for _, n := range attributeNames[1:] {
		assert.Equal(t, n.slot, of(n.name), n.name)
		assert.Equal(t, noSlot, of("x"+n.name), n.name)
		assert.Equal(t, noSlot, of(n.name[1:]), n.name)
		assert.Equal(t, noSlot, of(strings.ToUpper(n.name)), n.name)
	}
	assert.Equal(t, noSlot, of(""))
	assert.Equal(t, noSlot, of("db.nam"))
}
