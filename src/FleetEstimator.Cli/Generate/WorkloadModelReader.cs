using FleetEstimator.Estimation;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Synthesis;

namespace FleetEstimator.Cli;

/// <summary>Reads a workload model from YAML, strictly: every key must be there, and everything wrong is reported at once with line, field and remedy.</summary>
internal sealed class WorkloadModelReader
{
    private const double PagesMax = 1L << 32;
    private const int StepsMax = 100_000;
    private const double FactorMax = 1e6;

    // Shares are written with six decimals.
    private const double SharesTolerance = 0.001;

    private readonly StudyErrors _errors;

    private WorkloadModelReader(string file) => _errors = new(file);

    /// <summary>Reads a model.</summary>
    /// <param name="yaml">Its text.</param>
    /// <param name="file">The file as the user named it; only for messages.</param>
    /// <exception cref="StudyException">The file is not acceptable; holds all errors found.</exception>
    public static WorkloadModel Read(string yaml, string file)
    {
        var reader = new WorkloadModelReader(file);
        var model = YamlTree.Read(yaml, reader._errors) is { } root ? Model(new Fields(root, "", reader._errors, WorkloadModelKeys.Root)) : null;
        reader._errors.ThrowIfAny();
        return model!;
    }

    private static WorkloadModel Model(Fields root)
    {
        if (root.Number("version", 1, 1) is not 1)
            root.Refuse("version", "the version is not 1", "write version: 1, or use a program that knows it");
        var first = root.Mapping("first", WorkloadModelKeys.First);
        var @new = root.Mapping("new", WorkloadModelKeys.New);
        var stored = root.Mapping("stored", WorkloadModelKeys.Contents);
        var stores = root.Mapping("stores", WorkloadModelKeys.Stores);
        var accessed = root.Mapping("accessed", WorkloadModelKeys.Accessed);
        var gone = root.Mapping("gone", WorkloadModelKeys.Gone);
        var (zeroGone, otherGone) = (Table(gone, "zero", Ages.Names), Table(gone, "other", Ages.Names));
        CheckSum(root, "gone", [.. zeroGone.Concat(otherGone).SelectMany(shares => shares)]);
        var processes = root.Mapping("processes", WorkloadModelKeys.Processes);
        return new()
        {
            Name = root.Name("model"),
            PageSize = PageSize(root),
            StepMicroseconds = root.Period("step"),
            NodeBytes = (root.Size("memory"), root.Size("swap")),
            First = Parts(first),
            FirstPersistence = first.Share("persistence"),
            Phases = Phases(root),
            LastingProcesses = Shares(processes, "lasting"),
            TransientProcesses = Sizes(processes, "transient"),
            Mappings = Sizes(root, "mappings"),
            Regions = Sizes(root, "regions"),
            Extents = Sizes(root, "extents"),
            Reuse = @new.Share("reuse"),
            Unaccessed = @new.Share("unaccessed"),
            NewContents = Contents(@new, "contents"),
            NewPersistence = @new.Share("persistence"),
            Stored = [.. WorkloadModelKeys.Contents.Select(content => Contents(stored, content))],
            ZeroStores = Table(stores, "zero", PastStores.Names),
            OtherStores = Table(stores, "other", PastStores.Names),
            Loads = accessed.Share("loads"),
            ZeroAccessed = Table(accessed, "zero", PastUse.Names),
            OtherAccessed = Table(accessed, "other", PastUse.Names),
            Neighbours = accessed.Share("neighbours"),
            Unmapped = gone.Share("unmapped"),
            ZeroGone = zeroGone,
            OtherGone = otherGone,
            GoneRisk = Risks(gone),
        };
    }

    private static int PageSize(Fields root)
    {
        var size = root.Size("page_size");
        if (size is >= TraceFormat.PageSizeMin and <= TraceFormat.PageSizeMax && long.IsPow2(size))
            return (int)size;
        root.Refuse("page_size", "that is no page size", $"write a power of two from {TraceFormat.PageSizeMin} B to {TraceFormat.PageSizeMax} B");
        return TraceFormat.PageSizeMin;
    }

    private static ContentShares Contents(Fields fields, string key)
    {
        var shares = SharesByName(fields, key, WorkloadModelKeys.Contents);
        return new(shares[0], shares[1], shares[2], shares[3]);
    }

    private static double[][] Table(Fields fields, string key, IReadOnlyList<string> names)
    {
        var rows = fields.Mapping(key, names);
        return [.. names.Select(name => ByIdleSteps(rows, name))];
    }

    private static double[] ByIdleSteps(Fields fields, string key)
    {
        var shares = fields.Mapping(key, IdleSteps.Names);
        return [.. IdleSteps.Names.Select(shares.Share)];
    }

    private static double[] SharesByName(Fields fields, string key, IReadOnlyList<string> names)
    {
        var mapping = fields.Mapping(key, names);
        double[] shares = [.. names.Select(mapping.Share)];
        CheckSum(fields, key, shares);
        return shares;
    }

    private static double[] Shares(Fields fields, string key)
    {
        double[] shares = [.. fields.List(key).Select((item, index) => fields.ShareAt(item, $"{key}[{index}]"))];
        CheckSum(fields, key, shares);
        return shares;
    }

    private static void CheckSum(Fields fields, string key, double[] shares)
    {
        // Where one is missing or wrong that has been said already.
        if (!shares.Any(double.IsNaN) && Math.Abs(shares.Sum() - 1) > SharesTolerance)
            fields.Refuse(key, $"the shares add up to {shares.Sum():0.######}", "they are shares of one whole: make them add up to 1");
    }

    private static PageSizes Sizes(Fields fields, string key)
    {
        List<(double Pages, double Share)> sizes = [.. fields.Mappings(key, WorkloadModelKeys.Size).Select(size => (size.Number("pages", 1, PagesMax), size.Share("share")))];
        CheckSum(fields, key, [.. sizes.Select(size => size.Share)]);
        return new(sizes);
    }

    private static List<WorkloadPart> Parts(Fields first) => [.. first.MappingsIfAny("parts", WorkloadModelKeys.Part).Select(part => new WorkloadPart(
        (long)part.Number("pages", 1, PagesMax), Contents(part, "contents"), part.Number("accessed", 0, FactorMax), part.Number("stores", 0, FactorMax)))];

    private static double[] Risks(Fields gone)
    {
        var risks = gone.Mapping("risk", PastStores.Names);
        return [.. PastStores.Names.Select(name => risks.Number(name, 0, FactorMax))];
    }

    private static List<WorkloadPhase> Phases(Fields root)
    {
        List<WorkloadPhase> phases = [.. root.Mappings("phases", WorkloadModelKeys.Phase).Select(phase => new WorkloadPhase(
            (int)phase.Number("steps", 1, StepsMax),
            phase.Number("new", 0, PagesMax),
            phase.Number("transient", 0, PagesMax),
            phase.Number("exited", 0, PagesMax),
            phase.Number("gone", 0, PagesMax),
            phase.Number("accessed", 0, PagesMax)))];
        if (phases.Sum(phase => (long)phase.Steps) > StepsMax)
            root.Refuse("phases", $"there are more than {StepsMax} steps", "make steps longer, or leave phases out");
        return phases;
    }

    /// <summary>The keys of one mapping, all of which must be there. A value that is missing or wrong is reported and read as a stand-in.</summary>
    private sealed class Fields(YamlValue value, string path, StudyErrors errors, IReadOnlyCollection<string> keys)
    {
        private readonly StudyFields _fields = new(value, path, keys, errors);

        public void Refuse(string key, string problem, string remedy) => _fields.Refuse(key, problem, remedy);

        public string Name(string key) => _fields.Name(key) ?? "";

        public Fields Mapping(string key, IReadOnlyCollection<string> inner) =>
            new(_fields.Require(key, $"write a mapping of {string.Join(", ", inner)}") ?? Refused, _fields.PathOf(key), errors, inner);

        public IReadOnlyList<YamlValue> List(string key) => _fields.Require(key, "write a list") is null ? [] : _fields.List(key, "write a list of at least one item") ?? [];

        public IEnumerable<Fields> Mappings(string key, IReadOnlyCollection<string> inner) => Mappings(key, List(key), inner);

        public IEnumerable<Fields> MappingsIfAny(string key, IReadOnlyCollection<string> inner) =>
            Mappings(key, _fields.List(key, "write a list of at least one item, or leave it out") ?? [], inner);

        public double Share(string key) => _fields.Require(key, ShareRemedy) is { } share ? ShareAt(share, key) : double.NaN;

        public double ShareAt(YamlValue item, string key) => NumberAt(item, key, 0, 1, ShareRemedy);

        public double Number(string key, double least, double most)
        {
            var remedy = $"write a number from {least:0.##} to {most:0.##}";
            return _fields.Require(key, remedy) is { } number ? NumberAt(number, key, least, most, remedy) : double.NaN;
        }

        public long Period(string key) => _fields.Require(key, "write a length of time such as 5 s") is null ? 1 : _fields.Period(key, 1) ?? 1;

        public long Size(string key) => _fields.Require(key, "write a size such as 64 GiB") is null ? 0 : _fields.Size(key, 0) ?? 0;

        private const string ShareRemedy = "write a number from 0 to 1";

        private static YamlRefused Refused => new(1, 1);

        private IEnumerable<Fields> Mappings(string key, IEnumerable<YamlValue> items, IReadOnlyCollection<string> inner) =>
            items.Select((item, index) => new Fields(item, _fields.PathOf($"{key}[{index}]"), errors, inner));

        private double NumberAt(YamlValue item, string key, double least, double most, string remedy)
        {
            if (_fields.AsScalar(item, _fields.PathOf(key), remedy) is not { } scalar)
                return double.NaN;
            if (YamlCore.DecimalNumber(scalar) is { } number && (double)number >= least && (double)number <= most)
                return (double)number;
            errors.Add(item, _fields.PathOf(key), $"'{StudyFields.Shorten(scalar.Text)}' is not allowed", remedy);
            return double.NaN;
        }
    }
}

/// <summary>The keys of a workload model file.</summary>
internal static class WorkloadModelKeys
{
    public static readonly string[] Root =
    [
        "model", "version", "page_size", "step", "memory", "swap", "first", "new", "stored", "stores", "accessed", "gone", "processes", "mappings", "regions", "extents", "phases",
    ];

    public static readonly string[] First = ["parts", "persistence"];
    public static readonly string[] Part = ["pages", "contents", "accessed", "stores"];
    public static readonly string[] New = ["contents", "persistence", "reuse", "unaccessed"];
    public static readonly string[] Contents = ["zero", "repeated", "data", "unknown"];
    public static readonly string[] Stores = ["zero", "other"];
    public static readonly string[] Accessed = ["zero", "other", "loads", "neighbours"];
    public static readonly string[] Gone = ["unmapped", "zero", "other", "risk"];
    public static readonly string[] Processes = ["lasting", "transient"];
    public static readonly string[] Size = ["pages", "share"];
    public static readonly string[] Phase = ["steps", "new", "transient", "exited", "gone", "accessed"];
}
