namespace FleetEstimator.Estimation;

/// <summary>A node of the fleet.</summary>
/// <param name="Node">Opaque label, unique in the fleet.</param>
/// <param name="Class">Name of its class, as studies name classes.</param>
/// <param name="MemoryBytes">Its memory.</param>
public sealed record InventoryNode(string Node, string Class, long MemoryBytes)
{
    /// <summary>uname -r, or null.</summary>
    public string? Kernel { get; init; }

    /// <summary>Its swap in bytes; 0 = none.</summary>
    public long SwapBytes { get; init; }

    /// <summary>What recording it costs, relative to others.</summary>
    public double Cost { get; init; } = 1;

    /// <summary>Every other column of the inventory that is not empty.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}

/// <summary>The fleet as a sampling frame: every node once.</summary>
public sealed class Inventory
{
    private Inventory(IReadOnlyList<InventoryNode> nodes) => Nodes = nodes;

    /// <summary>Every node, in the order of the file; at least one.</summary>
    public IReadOnlyList<InventoryNode> Nodes { get; }

    /// <summary>The classes and their nodes, in ordinal order of name.</summary>
    public IReadOnlyList<(string Class, IReadOnlyList<InventoryNode> Nodes)> Classes =>
        [.. Nodes.GroupBy(node => node.Class, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, (IReadOnlyList<InventoryNode>)[.. group]))];

    /// <summary>Reads the rows of a table with the columns node, class and memory, and optionally kernel, swap and cost; other columns are labels.</summary>
    /// <param name="columns">Names of the columns.</param>
    /// <param name="rows">Line or row number, for messages, and one text per column; null = empty.</param>
    /// <param name="fileName">For messages.</param>
    /// <exception cref="InventoryException">A column is missing, or a row is not a node.</exception>
    public static Inventory Read(IReadOnlyList<string> columns, IEnumerable<(long Number, IReadOnlyList<string?> Cells)> rows, string fileName)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(rows);
        foreach (var required in (string[])["node", "class", "memory"])
        {
            if (!columns.Contains(required))
                throw new InventoryException(fileName, null, required, "the column is missing", $"columns are node, class, memory and optionally kernel, swap, cost; others are labels. There are: {string.Join(", ", columns)}");
        }

        if (columns.GroupBy(column => column, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InventoryException(fileName, null, twice.Key, "the column stands twice", "keep one of them");
        var nodes = new Dictionary<string, long>(StringComparer.Ordinal);
        var read = new List<InventoryNode>();
        foreach (var (number, cells) in rows)
        {
            var row = new Row(columns, cells, number, fileName);
            var node = row.Node();
            if (!nodes.TryAdd(node.Node, number))
                throw new InventoryException(fileName, number, "node", $"\"{node.Node}\" stands in row {nodes[node.Node]} already", "every node stands in the inventory once");
            read.Add(node);
        }

        return read.Count > 0 ? new(read) : throw new InventoryException(fileName, null, null, "there are no nodes in it", "write one row per node of the fleet");
    }

    private readonly ref struct Row(IReadOnlyList<string> columns, IReadOnlyList<string?> cells, long number, string fileName)
    {
        private static readonly string[] Known = ["node", "class", "memory", "kernel", "swap", "cost"];

        public InventoryNode Node() => new(Required("node"), ClassName(), Size("memory", least: 1))
        {
            Kernel = Find("kernel"),
            SwapBytes = Find("swap") is null ? 0 : Size("swap", least: 0),
            Cost = Cost(),
            Labels = Labels(),
        };

        private string ClassName()
        {
            var name = Required("class");
            return StudyFields.IsName(name) ? name : throw Wrong("class", $"\"{StudyFields.Shorten(name)}\" is not a name", StudyFields.NameRule);
        }

        private double Cost()
        {
            if (Find("cost") is not { } text)
                return 1;
            return double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var cost) && cost > 0 && double.IsFinite(cost)
                ? cost
                : throw Wrong("cost", $"\"{StudyFields.Shorten(text)}\" is not a number above 0", "write what recording this node costs, relative to others");
        }

        private long Size(string column, long least)
        {
            var text = Required(column);
            Misreading? misreading = null;
            if (!long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var bytes))
                _ = ByteSize.TryParse(text, out bytes, out misreading);
            if (misreading is null && bytes < least)
                misreading = new("is too small", $"the least is {least} B");
            return misreading is null ? bytes : throw Wrong(column, $"\"{StudyFields.Shorten(text)}\" {misreading.Problem}", misreading.Remedy);
        }

        private Dictionary<string, string> Labels()
        {
            var labels = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var column in columns.Except(Known))
            {
                if (Find(column) is { } text)
                    labels[column] = text;
            }

            return labels;
        }

        private string Required(string column) => Find(column) ?? throw Wrong(column, "the value is empty", "write a value");

        private string? Find(string column)
        {
            for (var index = 0; index < columns.Count; index++)
            {
                if (columns[index] == column)
                    return index < cells.Count && !string.IsNullOrWhiteSpace(cells[index]) ? cells[index]!.Trim() : null;
            }

            return null;
        }

        private InventoryException Wrong(string column, string problem, string remedy) => new(fileName, number, column, problem, remedy);
    }
}

/// <summary>An inventory that is not usable. The message names file, row, column, what is wrong and how to mend it.</summary>
public sealed class InventoryException(string fileName, long? row, string? column, string problem, string remedy, Exception? inner = null)
    : Exception($"{fileName}{(row is { } number ? $", row {number}" : "")}{(column is null ? "" : $", {column}")}: {problem}; {remedy}.", inner);
