using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FleetEstimator.Traces;

/// <summary>
/// Blobs as files of a folder. Drafts have a folder of their own and are linked to their key when they are complete; a lock file, which the operating
/// system releases when a process dies, tells whether writers are at work.
/// </summary>
/// <remarks>What is added or removed outlasts a power cut: a file is flushed before it gets its name, and its folder after it.</remarks>
public sealed partial class BlobFolder(string path) : IBlobStore
{
    private const string DraftFolder = "drafts";
    private const string LockFile = ".lock";

    // EWOULDBLOCK, which the runtime keeps in the exception: another process holds the lock.
    private const int WouldBlockOnLinux = 11;
    private const int WouldBlockOnMac = 35;

    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(10);

    /// <inheritdoc/>
    public string Name => path;

    /// <summary>Whether a file or folder is one that this class makes for itself.</summary>
    public static bool IsOwn(string entry) => Path.GetFileName(entry) is DraftFolder or LockFile;

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string folder)
    {
        var directory = new DirectoryInfo(PathOf(folder));
        return directory.Exists ? [.. directory.EnumerateFiles().Select(file => $"{folder}/{file.Name}").Order(StringComparer.Ordinal)] : [];
    }

    /// <inheritdoc/>
    public bool Exists(string key) => File.Exists(PathOf(key));

    /// <inheritdoc/>
    public string Fetch(string key) => Exists(key) ? PathOf(key) : throw new FileNotFoundException($"There is no {key} in {path}.");

    /// <inheritdoc/>
    public IBlobDraft Draft()
    {
        Create(PathOf(DraftFolder));
        return new DraftFile(this, PathOf($"{DraftFolder}/{Guid.NewGuid():N}"));
    }

    /// <inheritdoc/>
    public void Delete(IReadOnlyCollection<string> keys)
    {
        foreach (var folder in keys.Where(Exists).Select(PathOf).ToLookup(file => Path.GetDirectoryName(file)!))
        {
            foreach (var file in folder)
                File.Delete(file);
            Flush(folder.Key);
        }
    }

    /// <inheritdoc/>
    public IDisposable Share()
    {
        while (true)
        {
            if (TryLock(FileShare.Read) is { } held)
                return held;
            Thread.Sleep(LockPoll);
        }
    }

    /// <inheritdoc/>
    public IDisposable? TryOwn()
    {
        if (TryLock(FileShare.None) is not { } held)
            return null;
        foreach (var key in List(DraftFolder))
            File.Delete(PathOf(key));
        return held;
    }

    // Opened to read, with FileShare.Read the lock is a shared one, with FileShare.None an exclusive one (flock).
    private FileStream? TryLock(FileShare share)
    {
        var file = PathOf(LockFile);
        if (!File.Exists(file))
        {
            Create(path);
            using (new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
            {
            }
        }

        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, share);
        }
        catch (IOException exception) when (exception.HResult is WouldBlockOnLinux or WouldBlockOnMac)
        {
            return null;
        }
    }

    private string PathOf(string key) => Path.Combine(path, key);

    private static void Create(string folder)
    {
        if (Directory.Exists(folder))
            return;
        var above = Path.GetDirectoryName(Path.GetFullPath(folder))!;
        Create(above);
        Directory.CreateDirectory(folder);
        Flush(above);
    }

    /// <summary>Makes names that were added to a folder, or taken out of it, durable (fsync of the folder). Windows keeps a journal of them and has no such call.</summary>
    private static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        const int readOnly = 0;
        var descriptor = Open(folder, readOnly);
        if (descriptor < 0)
            throw new IOException($"{folder} cannot be opened to flush it: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        RandomAccess.FlushToDisk(handle);
    }

    // File.OpenHandle refuses folders.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string name, int flags);

    // link(2): unlike File.Move, which looks whether the target exists and then renames over it, one of several writers wins.
    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);

    private sealed class DraftFile(BlobFolder folder, string file) : IBlobDraft
    {
        private readonly FileStream _stream = new(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);

        public Stream Content => _stream;

        public string Finish()
        {
            if (_stream.CanWrite)
            {
                _stream.Flush(flushToDisk: true);
                _stream.Dispose();
            }

            return file;
        }

        public bool Publish(string key)
        {
            Finish();
            var target = folder.PathOf(key);
            var targetFolder = Path.GetDirectoryName(target)!;
            Create(targetFolder);
            var isNew = TryName(target);

            // Also what another writer put there: it may have been killed before it came to this.
            Flush(targetFolder);
            return isNew;
        }

        private bool TryName(string target)
        {
            const int exists = 17;
            if (!OperatingSystem.IsWindows())
            {
                if (Link(file, target) == 0)
                    return true;
                if (Marshal.GetLastPInvokeError() == exists)
                    return false;
            }

            try
            {
                // Where there are no links.
                File.Move(file, target, overwrite: false);
                return true;
            }
            catch (IOException) when (File.Exists(target))
            {
                return false;
            }
        }

        public void Dispose()
        {
            _stream.Dispose();
            File.Delete(file);
        }
    }
}
