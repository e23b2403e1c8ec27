package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func archived(workspace, day string) string {
	return partition(workspace, "archive#"+day)
}

// PutArchiveIndex notes that an object of the archive holds touchpoints of these UTC days. Noting it again changes nothing.
func (t *Table) PutArchiveIndex(ctx context.Context, workspace string, days []string, key string) error {
	writes := make([]types.WriteRequest, 0, len(days))
	seen := make(map[string]bool, len(days))
	for _, day := range days {
		if !seen[day] {
			seen[day] = true
			writes = append(writes, putRequest(address{archived(workspace, day), key}.item()))
		}
	}
	return translate("write archive index", t.bulkWrite(ctx, writes))
}

// ArchiveIndex lists the objects that hold touchpoints of a UTC day, sorted.
func (t *Table) ArchiveIndex(ctx context.Context, workspace, day string) ([]string, error) {
	var keys []string
	for i, err := range t.query(ctx, span{pk: archived(workspace, day)}) {
		if err != nil {
			return nil, translate("read archive index", err)
		}
		keys = append(keys, i.text("SK"))
	}
	return keys, nil
}
