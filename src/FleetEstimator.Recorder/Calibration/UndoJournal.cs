using System.Globalization;
using System.Text;

namespace FleetEstimator.Recorder.Calibration;

/// <summary>What takes a change of the machine back.</summary>
internal enum UndoKind
{
    /// <summary>Write <see cref="Undo.Value"/> to the file at <see cref="Undo.Path"/>.</summary>
    Write,

    /// <summary>Switch swapping to <see cref="Undo.Path"/> off, if it is on.</summary>
    SwapOff,

    /// <summary>Remove a zram device that was added after <see cref="Undo.Value"/> (ticks) and never came into use: its name was not yet known.</summary>
    RemoveNewZram,

    /// <summary>Reset and remove the zram device of which <see cref="Undo.Path"/> is the node.</summary>
    RemoveZram,

    /// <summary>Detach the loop device <see cref="Undo.Path"/> if the file <see cref="Undo.Value"/> is behind it.</summary>
    DetachLoop,

    /// <summary>Delete the file at <see cref="Undo.Path"/>.</summary>
    Delete,

    /// <summary>End DAMON's kernel thread number <see cref="Undo.Value"/>, if it is the one of the folder <see cref="Undo.Path"/>.</summary>
    EndDamon,
}

/// <summary>One step that takes a change back. Taking it twice, or without the change having been made, does no harm.</summary>
internal readonly record struct Undo(UndoKind Kind, string Path, string Value = "");

/// <summary>
/// The changes made to this machine and not taken back yet, in a file that is on its disk before each change is made, so that a run that was
/// killed can be cleaned up by the next. Its lock ends with the process, however that ends.
/// </summary>
internal sealed class UndoJournal : IDisposable
{
    /// <summary>Where the journal is: settings are the machine's, so there is one; it vanishes with them when the machine restarts.</summary>
    internal const string DefaultFolder = "/run/fleet-estimator";

    private readonly List<Undo> _steps = [];
    private readonly FileStream _lock;
    private readonly string _path;

    private UndoJournal(FileStream held, string path)
    {
        (_lock, _path) = (held, path);
        if (File.Exists(path))
            _steps.AddRange(Parse(File.ReadAllText(path)));
    }

    /// <summary>Changes not taken back, oldest first.</summary>
    internal IReadOnlyList<Undo> Steps => _steps;

    /// <summary>Opens the journal of a folder, with what an earlier run left in it.</summary>
    /// <exception cref="CalibrationException">Another process has it, or it cannot be written.</exception>
    internal static UndoJournal Open(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CalibrationException($"{folder} cannot be made: {exception.Message} Run as root.", exception);
        }

        try
        {
            var held = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new UndoJournal(held, Path.Combine(folder, "journal"));
        }
        catch (IOException exception)
        {
            throw new CalibrationException($"Another run of this program has it ({folder}/lock is held). Wait until that has ended.", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new CalibrationException($"{folder}/lock cannot be written: {exception.Message} Run as root.", exception);
        }
    }

    /// <summary>Notes how to take back what is about to be changed; on disk when this returns.</summary>
    internal void Add(Undo step)
    {
        _steps.Add(step);
        Save();
    }

    /// <summary>Forgets a step that is not needed any more.</summary>
    internal void Remove(Undo step)
    {
        _steps.Remove(step);
        Save();
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private void Save()
    {
        if (_steps.Count == 0)
        {
            File.Delete(_path);
            return;
        }

        var temporary = _path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.Read))
        {
            file.Write(Encoding.UTF8.GetBytes(string.Concat(_steps.Select(Line))));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, _path, overwrite: true);
    }

    private static string Line(Undo step) => string.Create(CultureInfo.InvariantCulture, $"{step.Kind}\t{step.Path}\t{step.Value}\n");

    private static IEnumerable<Undo> Parse(string text) =>
        from line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        let fields = line.Split('\t')
        select fields.Length == 3 && Enum.TryParse<UndoKind>(fields[0], out var kind)
            ? new Undo(kind, fields[1], fields[2])
            : throw new CalibrationException($"The journal of settings to restore holds a line of another version: '{line}'. Restore by hand and delete it.");
}
