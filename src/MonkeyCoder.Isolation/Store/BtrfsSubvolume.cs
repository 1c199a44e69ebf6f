using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Store;

/// <summary>A subvolume of the <see cref="BtrfsStore"/>.</summary>
internal sealed class BtrfsSubvolume(BtrfsStore store, string name) : ISubvolume, IFileMark
{
    // Bytes: extents on disk, and what is promised to buffered writes. What is reserved for metadata is a hundred times what it will be, and
    // is still there after the files have been deleted: it would be counted against the next who gets the piece.
    private static readonly string[] Figures = ["referenced", "rsv_data"];

    private ulong? _id;

    public string Name { get; } = name;

    public string Path { get; } = System.IO.Path.Combine(store.RootPath, name);

    public long UsedBytes
    {
        get
        {
            // Its group outlives a deleted subvolume for a while.
            if (_id is null ? !Exists : !Directory.Exists(Path)) return 0;
            var used = 0L;
            foreach (var figure in Figures)
                used += ReadFigure(figure);
            return used;
        }
    }

    /// <summary>True where a subvolume of the name is there.</summary>
    public bool Exists
    {
        get
        {
            if (!Directory.Exists(Path)) return false;
            using var descriptor = Libc.OpenForReading(Path);
            var id = Libc.GetSubvolumeId(descriptor, Path);

            // A plain directory has the id of the subvolume it is in.
            if (id == Libc.GetSubvolumeId(store.Root, store.RootPath)) return false;
            _id = id;
            return true;
        }
    }

    public long CountFiles() => _id is null && !Exists ? 0 : Libc.CountBtrfsFiles(store.Root, _id!.Value, Path);

    /// <summary>The highest number of a file. Numbers are not given twice, so it is ahead by as many as have been deleted.</summary>
    public long ReadFileMark(long before, long step)
    {
        if (_id is null && !Exists) return before;
        var mark = before;
        var stride = step;
        // In growing strides while there is something above, then in ever smaller ones.
        while (Find(mark + stride) is { } above) (mark, stride) = (above, stride * 2);
        while ((stride /= 2) >= step)
            if (Find(mark + stride) is { } above) mark = above;
        return mark;
    }

    public void SetLimit(long limitBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limitBytes);
        if (!Exists) throw new SyscallException("open", ErrnoName.ENOENT, Path);
        Libc.LimitQuotaGroup(store.Root, _id!.Value, limitBytes, Path);
    }

    public void Delete()
    {
        if (Libc.DeleteSubvolume(store.Root, Name)) store.AfterDelete();
    }

    private long? Find(long from) => (long?)Libc.FindBtrfsFile(store.Root, _id!.Value, (ulong)from, Path);

    // The group goes with its subvolume: 0 then.
    private long ReadFigure(string figure) => CgroupFile.ReadNumber($"{store.QuotaDirectory}/0_{_id}/{figure}");
}
