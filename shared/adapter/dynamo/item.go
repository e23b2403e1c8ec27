package dynamo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// Limits of DynamoDB.
const (
	maxItemBytes = 400 << 10
	maxPKBytes   = 2048
	maxSKBytes   = 1024
)

// item is one row of the table.
type item map[string]types.AttributeValue

// address is the key of an item.
type address struct{ pk, sk string }

func (a address) item() item {
	return item{"PK": text(a.pk), "SK": text(a.sk)}
}

// partition is the PK of something in a workspace, by its name, or in one generation of it.
func partition[Of ~string](of Of, rest string) string {
	return string(of) + "#" + fit(rest, maxPKBytes-len(of)-1)
}

func partitionOf(ns workspace.Namespace, id event.Identifier) string {
	return partition(ns, string(id))
}

// fit replaces what DynamoDB has no room for in a key by its hash; whoever needs the text finds it in the item's value.
func fit(key string, limit int) string {
	if len(key) <= limit {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "~" + hex.EncodeToString(sum[:])
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func binary(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }

// text is the string attribute of that name; "" when there is none.
func (i item) text(name string) string {
	if s, ok := i[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// number is the numeric attribute of that name; 0 when there is none.
func (i item) number(name string) int64 {
	n, ok := i[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	parsed, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return 0 // written by number alone
	}
	return parsed
}

func (i item) binary(name string) []byte {
	if b, ok := i[name].(*types.AttributeValueMemberB); ok {
		return b.Value
	}
	return nil
}

// checkSize refuses what DynamoDB would refuse, with a message that says so.
func (i item) checkSize() error {
	size := 0
	for name, value := range i {
		size += len(name)
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			size += len(v.Value)
		case *types.AttributeValueMemberB:
			size += len(v.Value)
		case *types.AttributeValueMemberN:
			size += len(v.Value)/2 + 2
		}
	}
	if size > maxItemBytes {
		return fault.Newf(fault.Invalid, "too_large", "the item has %d bytes, DynamoDB takes %d: store less under one key", size, maxItemBytes)
	}
	return nil
}

// packed is the item at an address with a value in b.
func (t *Table) packed(at address, value any) (item, error) {
	body, err := t.codec.pack(value)
	if err != nil {
		return nil, err
	}
	i := at.item()
	i["b"] = binary(body)
	return i, nil
}

// unpack reads the value in b.
func (t *Table) unpack(i item, value any) error {
	if err := t.codec.unpack(i.binary("b"), value); err != nil {
		return fmt.Errorf("decode item %s of a %s partition: %w", i.text("SK"), kindOf(i.text("PK")), err)
	}
	return nil
}

// kindOf names what a partition is for without the identifier in it, so that errors hold no personal data.
func kindOf(pk string) string {
	for n, r := range pk {
		if r == ':' {
			return pk[:n]
		}
	}
	return pk
}
