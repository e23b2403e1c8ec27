package redact

// view is a text as its reader sees it once percent-encoding is undone, and where each byte of it stands in the text.
type view struct {
	text   string
	starts []int32 // per byte of the view and for its end; nil where nothing was encoded
	level  []uint8 // how often the byte was encoded; nil where nothing was
}

// decodings is how many times over a text is decoded.
const decodings = 3

// decoded undoes percent-encoding, and the encoding of what is encoded.
func decoded(text string) view {
	v := view{text: text, starts: make([]int32, len(text)+1), level: make([]uint8, len(text))}
	for i := range v.starts {
		v.starts[i] = int32(i)
	}
	for level := uint8(1); level <= decodings; level++ {
		if signsOf(v.text)&encoded == 0 {
			break
		}
		v.decode(level)
	}
	return v
}

func (v *view) decode(level uint8) {
	in, out := v.text, make([]byte, 0, len(v.text))
	for i := 0; i < len(in); i++ {
		at, c, depth := v.starts[i], in[i], v.level[i]
		if c == '%' && i+2 < len(in) && isHex(in[i+1]) && isHex(in[i+2]) {
			c, depth = hex(in[i+1])<<4|hex(in[i+2]), level
			i += 2
		}
		v.starts[len(out)], v.level[len(out)] = at, depth
		out = append(out, c)
	}
	v.starts[len(out)] = v.starts[len(in)]
	v.text, v.starts, v.level = string(out), v.starts[:len(out)+1], v.level[:len(out)]
}

func hex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// origin is where a byte of the view stands in the text.
func (v *view) origin(at int) int {
	if v.starts == nil {
		return at
	}
	return int(v.starts[at])
}

// depth is how often a byte of the view was encoded.
func (v *view) depth(at int) uint8 {
	if v.level == nil {
		return 0
	}
	return v.level[at]
}

// at is a byte of the view; 0 before its beginning and behind its end.
func (v *view) at(i int) byte {
	if i < 0 || i >= len(v.text) {
		return 0
	}
	return v.text[i]
}
