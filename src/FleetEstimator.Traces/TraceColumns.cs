using FleetEstimator.Traces.Ipc;

namespace FleetEstimator.Traces;

/// <summary>The eight columns of the format: names and types, and where a file has them.</summary>
internal static class TraceColumns
{
    public const int Time = 0;
    public const int Kind = 1;
    public const int Process = 2;
    public const int Page = 3;
    public const int Pages = 4;
    public const int Content = 5;
    public const int Fill = 6;
    public const int CompressedBytes = 7;

    /// <summary>Memory of one row in bytes.</summary>
    public const int RowBytes = 36;

    /// <summary>Name, type and bytes of each column; the constants above are indices into it.</summary>
    public static IReadOnlyList<(string Name, string TypeName, int Bytes)> All { get; } =
    [
        ("time_us", "uint64", 8), ("op", "uint8", 1), ("process", "uint32", 4), ("page", "uint64", 8), ("pages", "uint32", 4), ("content", "uint8", 1),
        ("fill", "uint64", 8), ("compressed_bytes", "uint16", 2),
    ];

    /// <summary>Finds the eight columns, in the order of <see cref="All"/>.</summary>
    /// <exception cref="TraceException">One is missing, stands there twice, is of another type, or cannot be reached.</exception>
    public static ArrowColumn[] Locate(ArrowSchema schema, string filePath)
    {
        var byName = schema.Columns.ToLookup(column => column.Name);
        var located = new ArrowColumn[All.Count];
        for (var index = 0; index < located.Length; index++)
        {
            var (name, typeName, _) = All[index];
            located[index] = byName[name].ToList() switch
            {
                [] => throw new TraceException(filePath, null, name, "the column is missing", $"Add column {name} of type {typeName}"),
                [var column] => column,
                _ => throw new TraceException(filePath, null, name, "there are several columns of that name", "Keep one of them"),
            };
            if (located[index].TypeName != typeName)
            {
                throw new TraceException(
                    filePath, null, name, $"the column is of type {located[index].TypeName}", $"Write it as {typeName}, the type the format asks for");
            }

            if (located[index].Node is null)
            {
                throw new TraceException(
                    filePath, null, name, "a column before it is of a type that this reader does not know", "Put the eight columns of the format first");
            }
        }

        return located;
    }
}
