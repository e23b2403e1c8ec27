package bot

// trigram is how a text begins.
type trigram [MinPieceBytes]byte

// index finds those of many texts that may stand at a place of an agent, by how they begin. Most places are passed over after a look at one bit.
type index[T any] struct {
	begins *[1 << 12]uint64 // one bit for each hash of a beginning
	items  map[trigram][]T
}

func newIndex[T any](count int) index[T] {
	return index[T]{new([1 << 12]uint64), make(map[trigram][]T, count)}
}

func (x index[T]) add(text string, item T) {
	key := trigram([]byte(text)[:MinPieceBytes])
	x.items[key] = append(x.items[key], item)
	word, bit := place(key)
	x.begins[word] |= bit
}

// at gives what begins as the agent does at a place, which has MinPieceBytes behind it.
func (x index[T]) at(agent []byte, where int) []T {
	key := trigram(agent[where : where+MinPieceBytes])
	if word, bit := place(key); x.begins[word]&bit == 0 {
		return nil
	}
	return x.items[key]
}

// place is where the bit of a beginning lies.
func place(t trigram) (word, bit uint64) {
	hash := (uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16) * 0x9E3779B97F4A7C15 >> 46
	return hash >> 6, 1 << (hash & 63)
}
