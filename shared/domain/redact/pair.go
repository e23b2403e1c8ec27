package redact

import "strings"

// pairs finds values that their names make personal or secret, as in ?token=…, #access_token=…, ;jsessionid=… and
// "password=…" in a text. A value ends at the next delimiter that was encoded no more often than its equals sign.
func (s *scanner) pairs() {
	var ends [decodings + 1]int // where the value at hand ends, by how often its equals sign was encoded
	for i := 0; i < len(s.text); i++ {
		if s.text[i] != '=' {
			continue
		}
		from := i
		for from > 0 && isNameByte(s.text[from-1]) {
			from--
		}
		if from == i {
			continue
		}
		kind := kindOfParameter(s.text[from:i])
		if kind == anything {
			continue
		}
		level := s.depth(i)
		if ends[level] <= i {
			ends[level] = s.valueEnd(i)
		}
		end := ends[level]
		if s.at(from-1) == ';' { // as in /cart;jsessionid=…?page=2
			if query := strings.IndexByte(s.text[i:end], '?'); query >= 0 {
				end = i + query
			}
		}
		if end == i+1 {
			continue
		}
		if word := kind.word(s.text[i+1 : end]); word != "" {
			s.add(i+1, end, word)
			i = end - 1
		} else if kind == number {
			s.plain = append(s.plain, span{from: i + 1, to: end})
		}
	}
}

func isNameByte(c byte) bool { return isDigit(c) || isLetter(c) || strings.IndexByte("_-.[]", c) >= 0 }

func (s *scanner) valueEnd(equals int) int {
	level := s.depth(equals)
	for i := equals + 1; i < len(s.text); i++ {
		c := s.text[i]
		if s.depth(i) <= level && (c == '&' || c == ';' || c == '#' || c <= ' ' || strings.IndexByte("\"'<>,", c) >= 0) {
			return i
		}
	}
	return len(s.text)
}

// kind is what a name says of the value under it.
type kind uint8

const (
	anything kind = iota
	mail
	phone
	card
	iban
	token
	secret
	person
	address // of a computer
	agent   // a user agent
	number  // long numbers are ids, times or amounts: no phones and no cards
)

// word is what replaces a value of a kind; "" leaves it to what is in it.
func (k kind) word(value string) string {
	if isWordInBrackets(value) {
		return ""
	}
	switch k {
	case mail:
		if value == "true" || value == "false" || len(value) < 2 {
			return ""
		}
		return Email
	case phone:
		if isPhoneLike(value) {
			return Phone
		}
	case card:
		if digitsIn(value) >= 12 {
			return Card
		}
	case iban:
		return IBAN
	case token:
		return Token
	case secret:
		return Secret
	case person:
		return Name
	}
	return ""
}

// isWordInBrackets says whether a value was redacted before.
func isWordInBrackets(value string) bool {
	switch value {
	case Email, Phone, Card, IBAN, Token, Secret, Name:
		return true
	}
	return false
}

// isPhoneLike says whether a value in a field for phone numbers may be one: six digits or more and no letters.
func isPhoneLike(value string) bool {
	for i := range len(value) {
		if isLetter(value[i]) {
			return false
		}
	}
	return digitsIn(value) >= 6
}

func digitsIn(value string) (n int) {
	for i := range len(value) {
		if isDigit(value[i]) {
			n++
		}
	}
	return n
}

// nameTail is how many bytes at the end of a name are looked at: what a name is of stands there.
const nameTail = 40

// folded writes the end of a name in small letters, without what joins its words and without letters beyond ASCII, into
// space that the caller has: user[first_name] is userfirstname.
func folded(name string, space *[nameTail]byte) []byte {
	n := 0
	for i := max(0, len(name)-nameTail); i < len(name); i++ {
		c := name[i]
		if !isDigit(c) && !isLetter(c) {
			continue
		}
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		space[n] = c
		n++
	}
	return space[:n]
}

// kindOfParameter is the kind of a parameter of an address, or of what is written like one.
func kindOfParameter(name string) kind {
	var space [nameTail]byte
	folded := folded(name, &space)
	switch string(folded) {
	case "code", "key", "session", "sid", "sessionid", "phpsessid", "jsessionid", "aspsessionid", "sig", "signature", "hmac", "hash", "otp",
		"auth", "ticket", "nonce", "samlresponse", "samlrequest", "magic", "invite":
		return token
	case "pin", "dob", "birthdate", "birthday", "dateofbirth":
		return secret
	case "firstname", "lastname", "fullname", "surname", "givenname", "familyname", "fname", "lname", "vorname", "nachname":
		return person
	}
	return kindOf(folded)
}

// kindOfMember is the kind of a member of an object, by its key.
func kindOfMember(name string) kind {
	var space [nameTail]byte
	return kindOf(folded(name, &space))
}

func kindOf(folded []byte) kind {
	name := string(folded) // never kept, so it takes no memory of its own
	switch name {
	case "":
		return anything
	case "mail", "emailaddress":
		return mail
	case "mobile", "tel", "telephone", "phonenumber", "mobilenumber", "msisdn", "fax", "whatsapp", "handy", "telefon":
		return phone
	case "cardnumber", "ccnumber", "creditcard", "cardno", "pan", "ccnum":
		return card
	case "iban":
		return iban
	case "useragent":
		return agent
	case "secret", "clientsecret", "appsecret", "apisecret", "secretkey", "privatekey", "passwd", "pwd", "pass", "passphrase", "ssn", "cvv",
		"cvc", "socialsecuritynumber", "taxid", "credentials":
		return secret
	case "authorization", "jwt", "accesskey", "apikey", "sessiontoken", "cookie", "bearer", "xapikey":
		return token
	case "ip", "ipaddress", "clientip", "remoteaddr", "remoteip", "userip", "xforwardedfor":
		return address
	case "sku", "ean", "gtin", "gtin8", "gtin12", "gtin13", "gtin14", "upc", "barcode", "isbn", "isbn13", "issn", "imei", "asin", "mpn", "ordernumber",
		"trackingnumber", "invoicenumber", "articlenumber", "partnumber", "number", "timestamp", "time", "date", "ts", "cachebuster", "cb",
		"price", "revenue", "total", "value", "amount", "quantity", "tax", "shipping", "discount", "lat", "lon", "lng", "latitude",
		"longitude", "version", "build", "ga", "gl", "order", "product", "variant", "wbraid", "gbraid":
		return number
	}
	return kindByEnding(name)
}

// kindByEnding takes resetPasswordToken for a token and customer.email for an address of a mailbox.
func kindByEnding(name string) kind {
	switch name[len(name)-1] {
	case 'n':
		if strings.HasSuffix(name, "token") {
			return token
		}
	case 'd':
		if strings.HasSuffix(name, "password") {
			return secret
		}
		if strings.HasSuffix(name, "id") {
			return number
		}
	case 'l':
		if strings.HasSuffix(name, "email") {
			return mail
		}
	case 'e':
		if strings.HasSuffix(name, "phone") {
			return phone
		}
	case 'y':
		if strings.HasSuffix(name, "apikey") {
			return token
		}
	}
	if strings.HasPrefix(name, "utm") {
		return number
	}
	return anything
}
