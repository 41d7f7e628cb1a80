namespace FleetEstimator.Traces.Import;

/// <summary>Reads files of one format into a trace, or into a counters file. Stateless: one object serves any number of imports.</summary>
public abstract class Importer
{
    /// <summary>Every importer, in the order in which they are listed.</summary>
    public static IReadOnlyList<Importer> All { get; } =
    [
        new DamoImporter(),
        new PerfFaultImporter(),
        new ElfCoreImporter(),
        new CountersImporter(),
        new PagemapImporter(),
        new QemuDumpImporter(),
        new LackeyImporter(),
        new OracleGeneralImporter(),
        new ParquetImporter(),
        new CsvImporter(),
        new HashListImporter(),
    ];

    /// <summary>What the command calls the format, such as <c>damo</c>.</summary>
    public abstract string Format { get; }

    /// <summary>What is read, in one line.</summary>
    public abstract string Description { get; }

    /// <summary>What files of the format can say: one capability, or several where the file or an option decides.</summary>
    public abstract IReadOnlyList<Capability> Capabilities { get; }

    /// <summary>What the files are, for help.</summary>
    public virtual string FilesDescription => "The file to import.";

    /// <summary>Whether several files make one import.</summary>
    public virtual bool TakesSeveralFiles => false;

    /// <summary>Options of this format beyond those that all have.</summary>
    public virtual IReadOnlyList<ImportOption> Options => [];

    /// <summary>The importer of that format; null if there is none.</summary>
    public static Importer? Find(string format) => All.FirstOrDefault(importer => importer.Format == format);

    /// <summary>Reads the files of a job and writes what they hold.</summary>
    /// <exception cref="ImportException">A file or an option is at fault.</exception>
    internal abstract void Import(ImportJob job);
}
