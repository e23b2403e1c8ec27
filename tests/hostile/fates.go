package hostile

// Fates is what becomes of the table on the Lambda road. Where a request never becomes an event because the HTTP server in front refuses its bytes,
// another road differs in "refused" and says so itself.
func Fates() Tally {
	return Tally{
		"JSON body":              {352, 0, 18, 334},
		"JSON value":             {352, 150, 10, 192}, // 2 × 45 that must be read, but for one with a key twice, and 62 of those that may be
		"as URL":                 {6, 515, 0, 0},
		"as event name":          {6, 512, 3, 0}, // empty and white space
		"as query, escaped":      {515, 515, 0, 0},
		"as query, raw":          {515, 515, 0, 0},
		"as title":               {6, 515, 0, 0},
		"as trait key":           {6, 515, 0, 0},
		"as trait value":         {6, 515, 0, 0},
		"as user agent":          {515, 515, 0, 0},
		"as userId":              {6, 449, 66, 0}, // fillers such as null, -, (null) and {{x}}, and control characters
		"as write key":           {1545, 0, 0, 1545},
		"characters":             {258, 199, 52, 7},
		"context bytes":          {3, 2, 0, 1},
		"context depth":          {3, 2, 0, 1},
		"event bytes":            {3, 2, 1, 0},
		"event depth":            {3, 2, 1, 0},
		"events":                 {3, 4999, 0, 2501},
		"far beyond":             {13, 0, 1, 12},
		"identifier bytes":       {3, 2, 1, 0},
		"keys":                   {16, 5, 8, 3},
		"messageId bytes":        {3, 2, 1, 0},
		"name bytes":             {3, 2, 1, 0},
		"numbers":                {40, 35, 5, 0},
		"packed under each type": {23, 13, 0, 10},
		"plain under each type":  {23, 23, 0, 0},
		"random bytes":           {100, 0, 0, 100},
		"random hits":            {200, 44, 2, 154},
		"request bytes":          {3, 2, 0, 1},
		"trait name bytes":       {3, 3, 0, 0},
		"trait value bytes":      {3, 3, 0, 0},
		"unpacked bytes":         {3, 2, 0, 1},
	}
}
